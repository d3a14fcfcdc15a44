#include "plugins/discover/dns/dns_unit.hpp"

namespace tarsier::discover_dns {
namespace {

constexpr std::chrono::seconds kLongestLookup{30};

Result<RecordType> read_type(const Config& node) {
  for (const RecordType type : {RecordType::srv, RecordType::a, RecordType::aaaa, RecordType::mx, RecordType::ns})
    if (type_name(type) == node.string()) return type;
  return node.invalid("expected SRV, A, AAAA, MX or NS");
}

/// "host:80", "[::1]:80"
std::string address_of(const std::string& host, uint16_t port) {
  const bool is_ipv6 = host.find(':') != std::string::npos;
  return (is_ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

}  // namespace

std::string Settings::subject() const {
  std::string text = "the " + std::string(type_name(type)) + " records of";
  for (const std::string& name : names) text += " " + name;
  return type == RecordType::srv ? text : text + ", port " + std::to_string(port) + ",";
}

std::string Settings::source(const std::string& name) const {
  std::string text = std::string(type_name(type)).append(" ").append(name);
  return type == RecordType::srv ? text : text + ":" + std::to_string(port);
}

std::vector<TargetLabels> targets_of(const Settings& settings, const std::string& name, const Records& records) {
  std::vector<TargetLabels> targets;
  for (const Record& record : records) {
    const bool is_srv = settings.type == RecordType::srv;
    TargetLabels labels = {{"__address__", address_of(record.host, is_srv ? record.port : settings.port)},
                           {"__meta_dns_name", name}};
    if (is_srv) {
      labels.emplace("__meta_dns_srv_record_target", record.host + ".");
      labels.emplace("__meta_dns_srv_record_port", std::to_string(record.port));
    }
    if (settings.type == RecordType::mx) labels.emplace("__meta_dns_mx_record_target", record.host + ".");
    if (settings.type == RecordType::ns) labels.emplace("__meta_dns_ns_record_target", record.host + ".");
    targets.push_back(std::move(labels));
  }
  return targets;
}

Result<Settings> DnsUnit::read(const Config& entry, const Config& plugin) {
  Settings settings;
  settings.job_name = entry["job_name"].string();
  const Config names = entry["names"];
  if (names.size() == 0) return entry.invalid("names is empty");
  for (uint64_t i = 0; i < names.size(); ++i) {
    settings.names.push_back(names.at(i).string());
    if (settings.names.back().empty() || settings.names.back().size() > 253 || settings.names.back().starts_with('.'))
      return names.at(i).invalid("'" + settings.names.back() + "' is no name of the DNS");
  }
  auto type = read_type(entry["type"]);
  if (!type) return std::move(type).error();
  settings.type = *type;
  settings.port = static_cast<uint16_t>(entry["port"].integer());
  if (settings.type != RecordType::srv && settings.port == 0) return entry.invalid("a port is required for all types but SRV");
  settings.refresh_interval_ns = entry["refresh_interval"].duration_ns();
  settings.resolv_conf = plugin["resolv_conf"].path();
  return settings;
}

Result<void> DnsUnit::start() {
  for (const std::string& name : settings_.names) share_.claim(settings_.source(name));
  return rounds_.start(context_.host, "names of " + settings_.job_name, settings_.refresh_interval_ns, [this] { ask(); });
}

void DnsUnit::ask() {
  context_.resolver.ask(
      {.names = settings_.names,
       .type = settings_.type,
       .resolv_conf = settings_.resolv_conf,
       .timeout = std::min<std::chrono::nanoseconds>(std::chrono::nanoseconds(settings_.refresh_interval_ns), kLongestLookup),
       .done = [self = shared_from_this()](std::vector<Result<Records>> answers) { self->take(std::move(answers)); }});
}

void DnsUnit::take(std::vector<Result<Records>> answers) {
  rounds_.take([&] {
    for (size_t i = 0; i < answers.size(); ++i) {
      const std::string& name = settings_.names[i];
      if (answers[i]) {
        share_.set(settings_.source(name), targets_of(settings_, name, *answers[i]));
        share_.refreshed(settings_.source(name), {});
      } else {
        share_.refreshed(settings_.source(name), std::move(answers[i]).error().in(settings_.source(name)));
      }
    }
    return false;
  });
}

}  // namespace tarsier::discover_dns
