#include "plugins/collect/scrape/suggestions.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <string_view>

namespace tarsier::scrape {
namespace {

using std::chrono::milliseconds;

// An exporter, or a program with a page of its own, told by a metric that only it has.
struct KnownPage {
  const char* job;
  const char* title;
  const char* family;  // begins with this
  uint16_t port;       // where it usually is
};
constexpr auto kPages = std::to_array<KnownPage>({
    {"tarsier", "Tarsier", "tarsier_plugin_state", 3001},
    {"node", "node exporter", "node_cpu_seconds_total", 9100},
    {"postgres", "PostgreSQL exporter", "pg_up", 9187},
    {"redis", "Redis exporter", "redis_up", 9121},
    {"nginx", "nginx exporter", "nginx_up", 9113},
    {"nginx", "nginx exporter", "nginxexporter_", 9113},
    {"mysql", "MySQL exporter", "mysql_up", 9104},
    {"memcached", "memcached exporter", "memcached_up", 9150},
    {"apache", "Apache exporter", "apache_up", 9117},
    {"blackbox", "blackbox exporter", "blackbox_exporter_build_info", 9115},
    {"cadvisor", "cAdvisor", "cadvisor_version_info", 8080},
    {"prometheus", "Prometheus", "prometheus_build_info", 9090},
    {"alertmanager", "Alertmanager", "alertmanager_build_info", 9093},
    {"grafana", "Grafana", "grafana_build_info", 3000},
    {"loki", "Loki", "loki_build_info", 3100},
    {"pushgateway", "Pushgateway", "pushgateway_build_info", 9091},
    {"victoria-metrics", "VictoriaMetrics", "vm_app_version", 8428},
    {"caddy", "Caddy", "caddy_", 2019},
    {"traefik", "Traefik", "traefik_", 8082},
    {"haproxy", "HAProxy", "haproxy_", 8404},
    {"rabbitmq", "RabbitMQ", "rabbitmq_build_info", 15692},
    {"etcd", "etcd", "etcd_server_has_leader", 2379},
    {"coredns", "CoreDNS", "coredns_build_info", 9153},
});

// A program that speaks a protocol of its own, and who shows its metrics.
struct KnownProgram {
  const char* job;  // of its exporter, as above
  const char* title;
  std::array<const char*, 2> programs;
  uint16_t port;           // tells it where names of processes may not be seen; 0: others may be there, too
  uint16_t exporter_port;  // where the exporter will be
  const char* note;
};
constexpr auto kPrograms = std::to_array<KnownProgram>({
    {"postgres",
     "PostgreSQL",
     {"postgres", ""},
     5432,
     9187,
     "apt install prometheus-postgres-exporter; give it a user of the database (CREATE USER prometheus; GRANT pg_monitor TO "
     "prometheus) "
     "in DATA_SOURCE_NAME of /etc/default/prometheus-postgres-exporter"},
    {"redis",
     "Redis",
     {"redis-server", "valkey-server"},
     6379,
     9121,
     "apt install prometheus-redis-exporter; a password, and an address other than localhost:6379, go into "
     "/etc/default/prometheus-redis-exporter (REDIS_PASSWORD, REDIS_ADDR)"},
    {"nginx",
     "nginx",
     {"nginx", ""},
     0,
     9113,
     "apt install prometheus-nginx-exporter; give nginx a page for it: location = /stub_status { stub_status; allow 127.0.0.1; "
     "deny all; }, "
     "and its URL to the exporter (-nginx.scrape-uri in /etc/default/prometheus-nginx-exporter)"},
    {"mysql",
     "MySQL",
     {"mysqld", "mariadbd"},
     3306,
     9104,
     "apt install prometheus-mysqld-exporter; give it a user of the database with PROCESS, REPLICATION CLIENT and SELECT, as "
     "/etc/default/prometheus-mysqld-exporter describes"},
    {"memcached",
     "memcached",
     {"memcached", ""},
     11211,
     9150,
     "Debian 12 has no package of it: memcached_exporter from https://github.com/prometheus/memcached_exporter"},
    {"apache",
     "Apache",
     {"apache2", "httpd"},
     0,
     9117,
     "apt install prometheus-apache-exporter; it reads http://localhost/server-status?auto, which mod_status shows"},
});

// Where a request for a page would only disturb: these speak first, or something else.
constexpr auto kNoPages = std::to_array<uint16_t>({21,  22,  23,  25,  53,  110,  111,  119,  139,  143,  389,  445,   465,  515,
                                                   587, 636, 873, 993, 995, 2049, 3306, 5432, 5672, 6379, 6432, 11211, 27017});
constexpr std::array<std::string_view, 6> kNeverAsked = {"sshd",          "postgres",  "redis-server",
                                                         "valkey-server", "memcached", "tarsier"};

constexpr milliseconds kUsualTime{2000};  // for a port where an exporter usually is: some are slow
constexpr milliseconds kOtherTime{300};
constexpr size_t kMostAsked = 100;

// The line begins with a name that begins so.
bool has_family(std::string_view page, std::string_view family) {
  for (size_t at = page.find(family); at != std::string_view::npos; at = page.find(family, at + 1))
    if (at == 0 || page[at - 1] == '\n') return true;
  return false;
}

bool is_page(const ShortAnswer& answer) {
  if (answer.code != 200) return false;
  return answer.body.starts_with("# HELP ") || answer.body.starts_with("# TYPE ") || has_family(answer.body, "# TYPE ") ||
         answer.content_type.find("openmetrics") != std::string::npos;
}

bool usual_port(uint16_t port) {
  return std::any_of(kPages.begin(), kPages.end(), [port](const KnownPage& page) { return page.port == port; });
}

bool worth_asking(const machine::Listener& listener) {
  if (listener.port == 0) return false;
  if (std::find(kNeverAsked.begin(), kNeverAsked.end(), listener.program) != kNeverAsked.end()) return false;
  return std::find(kNoPages.begin(), kNoPages.end(), listener.port) == kNoPages.end();
}

/// What a job may be called by: no quotes in TOML, no surprise in a label.
std::string plain(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool keep =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
    out += keep ? c : '-';
  }
  return out;
}

std::string who(const std::string& program, int64_t process) {
  return program.empty() ? "a program of another user" : program + " (process " + std::to_string(process) + ")";
}

class Finder {
 public:
  Finder(const Surroundings& seen, const std::function<void(const Suggestion&)>& tell) : seen_(seen), tell_(tell) {}

  void look() {
    find_pages();
    for (const KnownProgram& program : kPrograms)
      if (!answered_.contains(program.job)) find_program(program);
    if (!answered_.contains("cadvisor")) propose_containers();
  }

 private:
  void find_pages() {
    std::vector<const machine::Listener*> asked;
    for (const machine::Listener& listener : seen_.listeners)
      if (worth_asking(listener)) asked.push_back(&listener);
    std::stable_partition(asked.begin(), asked.end(), [](const auto* each) { return usual_port(each->port); });
    if (asked.size() > kMostAsked) asked.resize(kMostAsked);
    std::set<uint16_t> done;  // one program listens at [::1] and 127.0.0.1
    for (const machine::Listener* listener : asked) {
      if (done.contains(listener->port)) continue;
      if (!seen_.may_go_on()) return;
      const auto answer = seen_.page(listener->address, usual_port(listener->port) ? kUsualTime : kOtherTime);
      if (!answer || !is_page(*answer)) continue;
      done.insert(listener->port);
      propose_page(*listener, answer->body);
    }
  }

  void propose_page(const machine::Listener& listener, std::string_view body) {
    const auto known =
        std::find_if(kPages.begin(), kPages.end(), [&](const KnownPage& page) { return has_family(body, page.family); });
    if (known == kPages.end()) {
      const std::string name = listener.program.empty() ? "port-" + std::to_string(listener.port) : plain(listener.program);
      propose(name, "metrics at " + listener.address, who(listener.program, listener.process) + " shows a page of metrics there",
              "", listener.address, listener.port);
      return;
    }
    answered_.insert(known->job);
    if (std::string_view(known->job) == "tarsier") return;  // a host: this one, or one with a store of its own
    propose(known->job, std::string(known->title) + " at " + listener.address,
            "the page of " + who(listener.program, listener.process) + " has " + known->family +
                (std::string_view(known->family).ends_with('_') ? "..." : ""),
            "", listener.address, listener.port);
  }

  void find_program(const KnownProgram& program) {
    const auto is = [&](const std::string& name) {
      return !name.empty() && std::find(program.programs.begin(), program.programs.end(), name) != program.programs.end();
    };
    std::string at, why;
    for (const machine::Listener& listener : seen_.listeners) {
      const bool by_port = program.port != 0 && listener.port == program.port && listener.program.empty();
      if (!is(listener.program) && !by_port) continue;
      at = " at " + listener.address;
      why = by_port ? "a program of another user listens at its port" : who(listener.program, listener.process) + " listens there";
      break;
    }
    if (why.empty()) {
      const auto running =
          std::find_if(seen_.processes.begin(), seen_.processes.end(), [&](const auto& each) { return is(each.program); });
      if (running == seen_.processes.end()) return;
      why = who(running->program, running->id) + " runs";
    }
    propose(program.job, program.title + at, why + ", and no exporter of it answers", program.note,
            "127.0.0.1:" + std::to_string(program.exporter_port), program.exporter_port);
  }

  void propose_containers() {
    if (seen_.containers == 0) return;
    uint16_t port = 8080;
    while (std::any_of(seen_.listeners.begin(), seen_.listeners.end(), [&](const auto& each) { return each.port == port; })) ++port;
    const std::string number = std::to_string(port);
    propose("cadvisor", "containers (" + std::to_string(seen_.containers) + ")",
            "control groups of containers are there, and no cAdvisor answers",
            "Debian 12 has no package of cAdvisor. As a container: docker run -d --name cadvisor --privileged -v /:/rootfs:ro -v "
            "/var/run:/var/run:ro "
            "-v /sys:/sys:ro -v /var/lib/docker/:/var/lib/docker:ro -p 127.0.0.1:" +
                number + ":8080 gcr.io/cadvisor/cadvisor",
            "127.0.0.1:" + number, port);
  }

  void propose(const std::string& job, std::string title, std::string why, std::string note, const std::string& address,
               uint16_t port) {
    const std::string suffix = ":" + std::to_string(port);
    const std::string name = jobs_.insert(job).second ? job : job + "-" + std::to_string(port);
    Suggestion suggestion;
    suggestion.title = std::move(title);
    suggestion.why = std::move(why);
    suggestion.toml =
        "[[plugin.scrape.job]]\njob_name = \"" + name + "\"\nstatic_configs = [{ targets = [\"" + address + "\"] }]\n";
    suggestion.note = std::move(note);
    suggestion.known_by = {address, "127.0.0.1" + suffix, "localhost" + suffix, "[::1]" + suffix, seen_.host_name + suffix};
    tell_(suggestion);
  }

  const Surroundings& seen_;
  const std::function<void(const Suggestion&)>& tell_;
  std::set<std::string, std::less<>> answered_;  // jobs of kPages
  std::set<std::string> jobs_;                   // names that were given
};

bool is_container(std::string_view name) {
  constexpr std::array<std::string_view, 5> kBegins = {"docker-", "libpod-", "cri-containerd-", "crio-", "lxc.payload."};
  if (std::any_of(kBegins.begin(), kBegins.end(), [&](std::string_view begin) { return name.starts_with(begin); })) return true;
  constexpr size_t kIdLength = 64;  // below docker/, where systemd does not keep the groups
  return name.size() == kIdLength && name.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

size_t count_below(const std::string& folder, int depth) {
  size_t count = 0;
  for (const std::string& name : machine::entries(folder)) {
    if (name.find('.') != std::string::npos && !name.ends_with(".slice") && !name.ends_with(".scope") && !is_container(name))
      continue;
    if (is_container(name)) {
      ++count;
    } else if (depth > 0) {
      count += count_below(folder + "/" + name, depth - 1);
    }
  }
  return count;
}

}  // namespace

void suggest_jobs(const Surroundings& seen, const std::function<void(const Suggestion&)>& tell) { Finder(seen, tell).look(); }

size_t count_containers(const std::string& cgroups) {
  constexpr int kDepth = 4;  // kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod....slice/
  return count_below(cgroups, kDepth);
}

}  // namespace tarsier::scrape
