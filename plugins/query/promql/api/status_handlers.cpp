// /status/*: what clients ask to know whom they talk to, and people to see how it is.
#include <array>
#include <ctime>
#include <filesystem>
#include <limits>
#include <map>
#include <thread>
#include <unistd.h>

#include "plugins/lib/promql/text.hpp"
#include "plugins/query/promql/api/envelope.hpp"
#include "plugins/query/promql/api/handlers.hpp"
#include "plugins/query/promql/api/host_state.hpp"

namespace tarsier::promql {
namespace {

/// The version of the API that is spoken; Grafana decides by it what it may ask for.
constexpr std::string_view kApiVersion = "3.5.0";

std::string rfc3339(int64_t time_ns) {
  const std::time_t seconds = time_ns / 1'000'000'000;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  const size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return {text.data(), size};
}

void write_build_info(json::Writer& json, const HostState& host) {
  json.begin_object();
  json.key("version").string(kApiVersion).key("revision").string(host.revision).key("branch").string("");
  json.key("buildUser").string("tarsier").key("buildDate").string(build_date(host.built_at));
  json.key("goVersion").string("").key("application").string("Tarsier").end_object();
}

}  // namespace

void Api::build_info(const Request&, const Exchange& exchange) {
  const auto host = HostState::of(host_);
  if (!host) return refuse(exchange, host.error());
  answer(exchange, [&](json::Writer& json) { write_build_info(json, *host); });
}

/// The same without the envelope, as text, as the original has it.
void Api::version(const Request&, const Exchange& exchange) {
  const auto host = HostState::of(host_);
  if (!host) return refuse(exchange, host.error());
  json::Writer json;
  write_build_info(json, *host);
  exchange.respond(200, "text/plain; charset=utf-8", json.take() + "\n");
}

/// How many threads this process has.
int64_t thread_count() {
  std::error_code unknown;
  int64_t count = 0;
  for (std::filesystem::directory_iterator task("/proc/self/task", unknown), end; !unknown && task != end; task.increment(unknown))
    ++count;
  return count;
}

Result<std::optional<StoreRetention>> Api::retention_of_store() const {
  auto store = store_.acquire_wait();
  if (!store) return std::optional<StoreRetention>();
  return StoreRetention::of(**store);
}

/// What the original says of itself. Strict clients expect what only a Go program has, too: threads stand for goroutines, there is
/// no limit on memory, and nothing is set for a collector of garbage.
void Api::runtime_info(const Request&, const Exchange& exchange) {
  std::array<char, 256> hostname{};
  gethostname(hostname.data(), hostname.size() - 1);
  std::error_code unknown;
  const std::string directory = std::filesystem::current_path(unknown).string();
  const auto host = HostState::of(host_);
  if (!host) return refuse(exchange, host.error());
  const auto retention = retention_of_store();
  if (!retention) return refuse(exchange, retention.error());
  answer(exchange, [&](json::Writer& json) {
    json.begin_object();
    json.key("startTime").string(host->started_at).key("CWD").string(directory).key("hostname").string(hostname.data());
    json.key("serverTime").string(rfc3339(host_.now_ns()));
    if (host->config_ok)
      json.key("reloadConfigSuccess").boolean(*host->config_ok).key("lastConfigTime").string(host->config_loaded_at);
    json.key("corruptionCount").integer(0).key("goroutineCount").integer(thread_count());
    json.key("GOMAXPROCS").integer(static_cast<int64_t>(std::thread::hardware_concurrency()));
    json.key("GOMEMLIMIT").integer(std::numeric_limits<int64_t>::max()).key("GOGC").string("").key("GODEBUG").string("");
    json.key("storageRetention").string(*retention ? (*retention)->text() : "");
    json.end_object();
  });
}

/// That the configuration in the files is not the one that runs, for one.
void Api::notifications(const Request&, const Exchange& exchange) {
  json::Writer list;
  if (auto written = notifications_.write(list); !written) return refuse(exchange, written.error());
  answer(exchange, [&](json::Writer& json) { json.raw(list.text()); });
}

void Api::notifications_live(const Request& request, const Exchange& exchange) { notifications_.subscribe(request, exchange); }

/// What of the original's flags there is here: of this plugin, of the store, of the host, and of the entrypoint that was asked.
void Api::flags(const Request& request, const Exchange& exchange) {
  const EngineOptions& options = engine_.options();
  const auto host = HostState::of(host_);
  if (!host) return refuse(exchange, host.error());
  const auto retention = retention_of_store();
  if (!retention) return refuse(exchange, retention.error());
  const std::string toml = told_by(host_, host_.control->config_toml);
  const auto entrypoint = "plugin.net.entrypoint." + std::string(view(request.raw()->entrypoint));
  std::map<std::string_view, std::string> flags = {
      {"config.file", host->config_file},
      {"query.lookback-delta", write_duration(options.lookback_ns)},
      {"query.max-concurrency", std::to_string(options.gate.max_concurrency)},
      {"query.max-samples", std::to_string(options.limits.max_samples)},
      {"query.timeout", write_duration(options.limits.timeout_ns)},
      {"web.enable-admin-api", admin_ ? "true" : "false"},
      {"web.enable-lifecycle", "false"},  // the flag promises /-/quit beside /-/reload, and there is none
      {"web.max-notifications-subscribers", std::to_string(Notifications::kMaxSubscribers)},
      {"web.route-prefix", request.prefix().empty() ? "/" : std::string(request.prefix())}};
  const auto add = [&](std::string_view flag, std::string_view table, std::string_view key) {
    if (auto text = config_text(toml, table, key)) flags[flag] = std::move(*text);
  };
  if (*retention) {
    flags["storage.tsdb.retention.time"] = (*retention)->time_text();
    flags["storage.tsdb.retention.size"] = (*retention)->size_text();
  }
  add("log.format", "host.log", "format");
  add("log.level", "host.log", "level");
  add("web.listen-address", entrypoint, "address");
  answer(exchange, [&](json::Writer& json) {
    json.begin_object();
    for (const auto& [name, value] : flags) json.key(name).string(value);
    json.end_object();
  });
}

void Api::config(const Request&, const Exchange& exchange) {
  const std::string toml = told_by(host_, host_.control->config_toml);
  answer(exchange, [&](json::Writer& json) { json.begin_object().key("yaml").string(toml).end_object(); });
}

/// There is no log to replay: what answers is ready.
void Api::wal_replay(const Request&, const Exchange& exchange) {
  answer(exchange, [](json::Writer& json) {
    json.begin_object()
        .key("min")
        .integer(0)
        .key("max")
        .integer(0)
        .key("current")
        .integer(0)
        .key("state")
        .string("done")
        .end_object();
  });
}

}  // namespace tarsier::promql
