// Reading and checking of net's section.
#include "plugins/net/settings.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace tarsier::net {
namespace {

/// What the original takes, for dashboards that send long queries in the request line.
constexpr uint64_t kPrometheusHeaderBytes = (uint64_t{1} << 20U) + 4096;

/// What is there without a line of configuration.
std::vector<EntrypointSettings> built_in() {
  const auto make = [](const char* name, const char* address, const char* root, std::vector<std::string> apis, bool enabled) {
    EntrypointSettings entrypoint;
    entrypoint.name = name;
    entrypoint.address = address;
    entrypoint.root = root;
    entrypoint.apis = std::move(apis);
    entrypoint.enabled = enabled;
    return entrypoint;
  };
  return {make("main", "127.0.0.1:3001", "", {"*"}, true),
          make("prometheus", "127.0.0.1:9090", "prometheus", {"prometheus"}, true),
          make("alertmanager", "127.0.0.1:9093", "alertmanager", {"alertmanager"}, true),
          make("node", "127.0.0.1:9100", "node", {"node"}, false),
          make("otlp-grpc", "127.0.0.1:4317", "otlp", {}, true),
          make("otlp-http", "127.0.0.1:4318", "otlp", {}, true)};
}

/// Where OpenTelemetry's own collector may be listening already, which is no reason not to start.
bool may_be_taken(const EntrypointSettings& entrypoint) { return entrypoint.name == "otlp-grpc" || entrypoint.name == "otlp-http"; }

std::vector<std::string> strings(const Config& list) {
  std::vector<std::string> out;
  out.reserve(list.size());
  for (uint64_t i = 0; i < list.size(); ++i) out.push_back(list.at(i).string());
  return out;
}

void read_limits(const Config& table, ServerLimits& limits) {
  const auto size = [&](const char* name, uint64_t& to) {
    if (table[name].present()) to = table[name].size_bytes();
  };
  const auto duration = [&](const char* name, std::chrono::nanoseconds& to) {
    if (table[name].present()) to = std::chrono::nanoseconds(table[name].duration_ns());
  };
  size("max_header_bytes", limits.max_header_bytes);
  size("max_body_bytes", limits.max_body_bytes);
  size("max_connections", limits.max_connections);
  size("min_rate", limits.min_rate);
  duration("header_timeout", limits.header_timeout);
  duration("body_timeout", limits.body_timeout);
  duration("idle_timeout", limits.idle_timeout);
  duration("timeout", limits.timeout);
}

Result<void> read_entrypoint(const Config& table, EntrypointSettings& entrypoint) {
  if (table["address"].present()) entrypoint.address = table["address"].string();
  if (table["address"].present() || table["enabled"].present()) entrypoint.optional = false;
  if (table["enabled"].present()) entrypoint.enabled = table["enabled"].boolean();
  if (table["root"].present()) entrypoint.root = table["root"].string();
  if (table["apis"].present()) entrypoint.apis = strings(table["apis"]);
  read_limits(table, entrypoint.limits);
  const Config tls = table["tls"];
  if (!tls.present()) return {};
  TlsServerOptions options;
  options.cert_file = tls["cert_file"].path();
  options.key_file = tls["key_file"].path();
  options.client_ca_file = tls["client_ca_file"].path();
  if (tls["min_version"].present()) options.min_version = tls["min_version"].string();
  if (options.cert_file.empty() || options.key_file.empty()) return tls.invalid("expected both cert_file and key_file");
  if (auto loaded = TlsServer::load(options); entrypoint.enabled && !loaded) return tls.invalid(loaded.error().message());
  entrypoint.tls = std::move(options);
  return {};
}

Result<void> check_entrypoint(const EntrypointSettings& entrypoint, const Config& table, bool allow_remote) {
  const auto wrong = [&](const std::string& what) {
    return table.present() ? table.invalid(what) : Error::invalid("entrypoint " + entrypoint.name + ": " + what);
  };
  if (entrypoint.address.empty()) return wrong("expected an address, such as \"127.0.0.1:9090\"");
  auto parts = parse_address(entrypoint.address);
  if (!parts) return wrong(parts.error().message());
  if (!allow_remote && !is_loopback(parts->host)) {
    return wrong(
        "address '" + entrypoint.address +
        "' can be reached from other machines, and there is no log-in yet: expected a loopback address (127.0.0.1, ::1), or "
        "allow_remote = true if something in front of Tarsier checks who comes");
  }
  return {};
}

}  // namespace

Result<NetSettings> read_settings(const Config& config) {
  NetSettings settings;
  settings.threads = static_cast<unsigned>(std::max<int64_t>(config["threads"].integer(), 1));
  settings.access.allow_remote = config["allow_remote"].boolean();
  settings.access.allowed_hosts = strings(config["allowed_hosts"]);
  settings.access.cors_origins = config["cors_origins"].present() ? strings(config["cors_origins"]) : std::vector<std::string>{"*"};
  settings.access_log = config["access_log"].string();
  if (!settings.access_log.empty() && settings.access_log != "log") settings.access_log = config["access_log"].path();
  const Config client = config["client"];
  if (client["max_idle_connections"].present()) settings.client.max_idle_connections = client["max_idle_connections"].size_bytes();
  if (client["idle_timeout"].present())
    settings.client.idle_timeout = std::chrono::nanoseconds(client["idle_timeout"].duration_ns());

  ServerLimits limits;
  read_limits(config, limits);
  settings.entrypoints = built_in();
  for (auto& entrypoint : settings.entrypoints) {
    entrypoint.limits = limits;
    entrypoint.optional = may_be_taken(entrypoint);
    if (entrypoint.root == "prometheus" && !config["max_header_bytes"].present())
      entrypoint.limits.max_header_bytes = kPrometheusHeaderBytes;
  }
  const Config tables = config["entrypoint"];
  for (uint64_t i = 0; i < tables.size(); ++i) {
    const std::string name(tables.key_at(i));
    auto known =
        std::find_if(settings.entrypoints.begin(), settings.entrypoints.end(), [&](const auto& each) { return each.name == name; });
    if (known == settings.entrypoints.end()) {
      EntrypointSettings fresh;
      fresh.name = name;
      fresh.apis = {"*"};
      fresh.limits = limits;
      known = settings.entrypoints.insert(settings.entrypoints.end(), std::move(fresh));
    }
    if (auto read = read_entrypoint(tables.at(i), *known); !read) return std::move(read).error();
  }
  std::erase_if(settings.entrypoints, [](const auto& each) { return !each.enabled; });
  std::set<std::string> asked_for;
  for (const auto& each : settings.entrypoints) {
    if (!each.optional) asked_for.insert(each.address);
  }
  std::erase_if(settings.entrypoints, [&](const auto& each) { return each.optional && asked_for.contains(each.address); });
  std::map<std::string, std::string> taken;
  for (const auto& entrypoint : settings.entrypoints) {
    const auto [other, is_first] = taken.emplace(entrypoint.address, entrypoint.name);
    if (!is_first && !entrypoint.address.ends_with(":0")) {
      return tables[entrypoint.name].invalid("address '" + entrypoint.address + "' is also that of entrypoint " + other->second);
    }
    if (auto good = check_entrypoint(entrypoint, tables[entrypoint.name], settings.access.allow_remote); !good)
      return std::move(good).error();
  }
  return settings;
}

}  // namespace tarsier::net
