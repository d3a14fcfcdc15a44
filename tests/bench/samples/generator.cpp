#include "generator.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace tarsier::samples::bench {
namespace {

constexpr std::array<const char*, 13> kBounds = {"0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5",
                                                 "1",     "2.5",  "5",     "10",   "30",  "+Inf"};
constexpr std::array<double, 13> kShares = {.21, .38, .55, .70, .81, .90, .945, .97, .985, .993, .997, .999, 1};
constexpr std::array<const char*, 16> kHandlers = {"/api/v1/users", "/api/v1/orders", "/api/v1/items", "/api/v1/search",
                                                   "/api/v1/login", "/healthz",       "/metrics",      "/api/v2/cart",
                                                   "/api/v2/pay",   "/static",        "/graphql",      "/admin",
                                                   "/ws",           "/export",        "/import",       "/api/v2/report"};

uint64_t mix(uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
  x = (x ^ x >> 27) * 0x94d049bb133111eb;
  return x ^ x >> 31;
}

using Pairs = std::vector<std::pair<std::string, std::string>>;

/// The series of one host, until the load's limit.
class HostSeries {
 public:
  HostSeries(const Load& load, uint32_t host, std::vector<GeneratedSeries>& out) : load_(load), host_(host), out_(out) {
    constexpr std::array<const char*, 4> kRegions = {"eu-west-1", "us-east-1", "ap-south-1", "us-west-2"};
    const std::string region = kRegions[host % 4];
    const char* env = host % 10 < 7 ? "production" : host % 10 < 9 ? "staging" : "development";
    common_ = {{"cluster", "k8s-" + region + "-" + std::to_string(host / 4 % 8)},
               {"env", env},
               {"instance", "host-" + std::to_string(host) + ".prod.example.net:9100"},
               {"region", region}};
    cpu();
    histograms();
    disks_and_networks();
    filesystems();
    memory();
    netstat();
    others();
  }

 private:
  double random(uint64_t n) const { return static_cast<double>(mix(load_.seed * 77 + host_ * 1000003ULL + index_) % n); }

  void add(const std::string& name, const Pairs& own, Kind kind, double value, uint16_t handler = 0, uint16_t bucket = 0) {
    if (out_.size() >= load_.series) return;
    GeneratedSeries series;
    series.labels = common_;
    series.labels.emplace_back("__name__", name);
    series.labels.emplace_back("job", name.starts_with("http_") ? "api-server" : "node-exporter");
    series.labels.insert(series.labels.end(), own.begin(), own.end());
    std::sort(series.labels.begin(), series.labels.end());
    series.value = value;
    series.id = out_.size();
    series.host = host_;
    series.handler = handler;
    series.bucket = bucket;
    series.kind = kind;
    out_.push_back(std::move(series));
    ++index_;
  }

  void cpu() {
    constexpr std::array<const char*, 8> kModes = {"idle", "user", "system", "iowait", "irq", "nice", "softirq", "steal"};
    for (int core = 0; core < 8; ++core) {
      for (size_t mode = 0; mode < kModes.size(); ++mode) {
        const bool zero = mode == 4 || mode == 5 || mode == 7;
        const Kind kind = mode == 0 ? Kind::cpu_idle : mode < 3 ? Kind::cpu_busy : zero ? Kind::zero : Kind::cpu_rare;
        add("node_cpu_seconds_total", {{"cpu", std::to_string(core)}, {"mode", kModes[mode]}}, kind,
            zero ? 0 : random(90'000'000) / 100);
      }
    }
  }
  void histograms() {
    for (uint16_t handler = 0; handler < kHandlers.size(); ++handler) {
      const Pairs labels = {{"handler", kHandlers[handler]}, {"method", handler % 3 != 0 ? "GET" : "POST"}};
      for (uint16_t bound = 0; bound < kBounds.size(); ++bound) {
        Pairs own = labels;
        own.emplace_back("le", kBounds[bound]);
        add("http_request_duration_seconds_bucket", own, Kind::bucket, std::floor(1000 * (handler + 1) * kShares[bound]), handler,
            bound);
      }
      add("http_request_duration_seconds_sum", labels, Kind::histogram_sum, 70.5 * (handler + 1), handler);
      add("http_request_duration_seconds_count", labels, Kind::bucket, 1000 * (handler + 1), handler, kBounds.size() - 1);
    }
  }
  void disks_and_networks() {
    for (const char* device : {"nvme0n1", "sda"}) {
      const Pairs own = {{"device", device}};
      for (const char* name : {"node_disk_read_bytes_total", "node_disk_written_bytes_total"})
        add(name, own, Kind::bytes, random(1ULL << 40));
      for (const char* name : {"node_disk_reads_completed_total", "node_disk_writes_completed_total"})
        add(name, own, Kind::packets, random(1 << 28));
      add("node_disk_io_time_seconds_total", own, Kind::cpu_rare, random(10'000'000) / 100);
    }
    for (const char* device : {"eth0", "eth1", "lo"}) {
      const Pairs own = {{"device", device}};
      for (const char* name : {"node_network_receive_bytes_total", "node_network_transmit_bytes_total"})
        add(name, own, Kind::bytes, random(1ULL << 41));
      for (const char* name : {"node_network_receive_packets_total", "node_network_transmit_packets_total"})
        add(name, own, Kind::packets, random(1U << 31));
      for (const char* name : {"node_network_receive_errs_total", "node_network_transmit_errs_total"})
        add(name, own, Kind::zero, 0);
    }
  }
  void filesystems() {
    constexpr std::array<std::array<const char*, 3>, 4> kMounts = {{{"/", "/dev/nvme0n1p2", "ext4"},
                                                                    {"/boot/efi", "/dev/nvme0n1p1", "vfat"},
                                                                    {"/var/lib/data", "/dev/sda1", "xfs"},
                                                                    {"/run", "tmpfs", "tmpfs"}}};
    for (const auto& mount : kMounts) {
      const Pairs own = {{"mountpoint", mount[0]}, {"device", mount[1]}, {"fstype", mount[2]}};
      add("node_filesystem_avail_bytes", own, Kind::gauge_pages, 4096 * (1e6 + random(1 << 26)));
      add("node_filesystem_size_bytes", own, Kind::constant, 4096.0 * (1 << 27));
      add("node_filesystem_files_free", own, Kind::gauge_small, random(1 << 24));
      add("node_filesystem_files", own, Kind::constant, 16'777'216);
    }
  }
  void memory() {
    constexpr std::array<const char*, 24> kNames = {
        "MemFree",     "MemAvailable", "Buffers",  "Cached",     "Active",    "Inactive",        "AnonPages",    "Dirty",
        "Mapped",      "Shmem",        "Slab",     "PageTables", "Writeback", "KernelStack",     "SReclaimable", "SUnreclaim",
        "Active_anon", "Active_file",  "MemTotal", "SwapTotal",  "SwapFree",  "HugePages_Total", "VmallocTotal", "CommitLimit"};
    for (size_t i = 0; i < kNames.size(); ++i) {
      add(std::string("node_memory_") + kNames[i] + "_bytes", {}, i < 18 ? Kind::gauge_pages : Kind::constant,
          4096 * (1000 + random(4'000'000)));
    }
  }
  void netstat() {
    constexpr std::array<const char*, 16> kNames = {
        "Tcp_ActiveOpens",    "Tcp_PassiveOpens", "Tcp_InSegs",  "Tcp_OutSegs",   "Tcp_RetransSegs",    "Udp_InDatagrams",
        "Udp_OutDatagrams",   "Ip_Forwarding",    "Icmp_InMsgs", "Icmp_OutMsgs",  "TcpExt_ListenDrops", "TcpExt_SyncookiesFailed",
        "TcpExt_TCPTimeouts", "Tcp_InErrs",       "Udp_NoPorts", "IpExt_InOctets"};
    for (size_t i = 0; i < kNames.size(); ++i) {
      const Kind kind = i == 15 ? Kind::bytes : i < 7 && i != 4 ? Kind::packets : i == 7 ? Kind::constant : Kind::slow_counter;
      add(std::string("node_netstat_") + kNames[i], {}, kind, 1 + random(1 << 20));
    }
  }
  void others() {
    for (const char* name : {"node_load1", "node_load5", "node_load15"}) add(name, {}, Kind::gauge_load, 1 + random(400) / 100);
    add("node_boot_time_seconds", {}, Kind::constant, 1.69e9 + random(10'000'000));
    add("node_time_seconds", {}, Kind::time, 0);
    add("up", {}, Kind::constant, 1);
    add("node_uname_info", {{"nodename", "host" + std::to_string(host_)}, {"release", "6.1.0-18-amd64"}, {"sysname", "Linux"}},
        Kind::constant, 1);
    add("node_procs_running", {}, Kind::gauge_small, 3);
    add("node_context_switches_total", {}, Kind::packets, random(1U << 31));
    add("node_forks_total", {}, Kind::slow_counter, random(1 << 24));
    add("node_intr_total", {}, Kind::packets, random(1U << 31));
    add("node_filefd_allocated", {}, Kind::gauge_small, 2000 + random(3000));
  }

  const Load& load_;
  const uint32_t host_;
  std::vector<GeneratedSeries>& out_;
  Pairs common_;
  uint64_t index_ = 0;
};

double number(uint64_t value) { return static_cast<double>(value); }

/// What the histogram of a handler counts between two scrapes.
double bucket_step(const Load& load, const GeneratedSeries& series, uint64_t scrape) {
  const uint64_t random = mix(mix(load.seed + 99 + series.host * 131ULL + series.handler) + scrape);
  const double requests = number(series.handler < 6 ? random % 300 : series.handler < 11 ? random % 7 : random % 20 == 0 ? 1 : 0);
  if (series.kind == Kind::bucket) return std::floor(requests * kShares[series.bucket]);
  return requests * (0.02 + number(random / 300 % 997) / 9970);
}

double step(const Load& load, GeneratedSeries& series, uint64_t scrape, double time_s) {
  const uint64_t r = mix(mix(load.seed ^ series.id * 0x100000001b3) + scrape);
  double& v = series.value;
  const bool counter = series.kind != Kind::constant && series.kind != Kind::time && series.kind < Kind::gauge_pages;
  if (series.host % 50 == 7 && scrape == 60 && counter) v = 0;  // the host restarts
  switch (series.kind) {
    case Kind::cpu_idle:
      return v = std::round(v * 100 + 1100 + number(r % 380)) / 100;
    case Kind::cpu_busy:
      return v = std::round(v * 100 + 20 + number(r % 180)) / 100;
    case Kind::cpu_rare:
      return r % 4 == 0 ? v = std::round(v * 100 + number(r / 7 % 30)) / 100 : v;
    case Kind::bytes:
      return v += std::floor(std::exp(number(r % 1400) / 100)) * 37;
    case Kind::packets:
      return v += number(r % 9000);
    case Kind::slow_counter:
      return r % 16 == 0 ? v += number(1 + r / 16 % 3) : v;
    case Kind::gauge_pages:
      return r % 8 != 0 ? v = std::max(4096.0, v + 4096 * (number(r / 8 % 4001) - 2000)) : v;
    case Kind::gauge_load:
      return v = std::round(std::max(0.0, v * 100 + number(r % 41) - 20)) / 100;
    case Kind::gauge_small:
      return r % 4 == 0 ? v = std::max(0.0, v + number(r / 4 % 11) - 5) : v;
    case Kind::time:
      return v = time_s;
    case Kind::bucket:
    case Kind::histogram_sum:
      return v += bucket_step(load, series, scrape);
    case Kind::zero:
    case Kind::constant:
      return v;
  }
  return v;
}

}  // namespace

std::vector<GeneratedSeries> make_series(const Load& load) {
  std::vector<GeneratedSeries> all;
  all.reserve(load.series);
  for (uint32_t host = 0; all.size() < load.series; ++host) HostSeries(load, host, all);
  return all;
}

int64_t next_sample(const Load& load, GeneratedSeries& series, int64_t scrape) {
  const uint64_t host_random = mix(series.host * 7919ULL + load.seed);
  const auto number = static_cast<uint64_t>(scrape);
  const uint64_t jitter = mix(host_random + number);
  const int64_t time_ms = load.start_ms + scrape * load.step_ms +
                          static_cast<int64_t>(host_random % static_cast<uint64_t>(load.step_ms)) +
                          (jitter % 20 == 0 ? static_cast<int64_t>(jitter / 20 % 5) : 0);
  (void)step(load, series, number, static_cast<double>(time_ms) / 1000.0);
  return time_ms;
}

void make_samples(const Load& load, GeneratedSeries series, std::vector<int64_t>& times, std::vector<double>& values) {
  for (int64_t scrape = 0; scrape < load.scrapes; ++scrape) {
    times.push_back(next_sample(load, series, scrape) * 1'000'000);
    values.push_back(series.value);
  }
}

}  // namespace tarsier::samples::bench
