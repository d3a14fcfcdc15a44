// /status/*: what clients ask to know whom they talk to, and people to see how it is.
#include <algorithm>
#include <array>
#include <ctime>
#include <filesystem>
#include <map>
#include <mutex>
#include <unistd.h>

#include <boost/json.hpp>

#include "plugins/lib/promql/text.hpp"
#include "plugins/query/promql/api/envelope.hpp"
#include "plugins/query/promql/api/handlers.hpp"
#include "plugins/query/promql/api/parameters.hpp"

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

std::string collect(void (*write)(const tarsier_host*, tarsier_sink), const Host& host) {
  std::string text;
  write(host.raw(), {&text, [](void* user, tarsier_bytes piece) { *static_cast<std::string*>(user) += view(piece); }});
  return text;
}

/// How many series have each value of what is counted.
struct Tally {
  std::mutex mutex;
  std::map<std::string, uint64_t> by_metric, by_pair;
  std::map<std::string, std::map<std::string, uint64_t>> by_label;
};

void write_top(json::Writer& json, std::string_view key, const std::map<std::string, uint64_t>& counts, size_t limit) {
  std::vector<std::pair<std::string, uint64_t>> top(counts.begin(), counts.end());
  std::stable_sort(top.begin(), top.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  top.resize(std::min(top.size(), limit));
  json.key(key).begin_array();
  for (const auto& [name, value] : top)
    json.begin_object().key("name").string(name).key("value").integer(static_cast<int64_t>(value)).end_object();
  json.end_array();
}

}  // namespace

void Api::build_info(const Request&, const Exchange& exchange) {
  answer(exchange, [](json::Writer& json) {
    json.begin_object();
    json.key("version").string(kApiVersion).key("revision").string("").key("branch").string("").key("buildUser").string("tarsier");
    json.key("buildDate").string("").key("goVersion").string("").key("application").string("Tarsier").end_object();
  });
}

/// What the original says of itself, without what only a Go program has.
void Api::runtime_info(const Request&, const Exchange& exchange) {
  std::array<char, 256> hostname{};
  gethostname(hostname.data(), hostname.size() - 1);
  std::error_code unknown;
  const std::string directory = std::filesystem::current_path(unknown).string();
  boost::system::error_code malformed;
  const boost::json::value host = boost::json::parse(collect(host_.control->build_json, host_), malformed);
  if (malformed || !host.is_object())
    return refuse(exchange, Error::internal("the host does not say how it is: " + malformed.message()));
  const auto text = [&](const char* key) {
    const auto* found = host.get_object().if_contains(key);
    return found != nullptr && found->is_string() ? std::string(found->get_string()) : std::string();
  };
  const auto* ok = host.get_object().if_contains("config_ok");
  answer(exchange, [&](json::Writer& json) {
    json.begin_object();
    json.key("startTime").string(text("started_at")).key("CWD").string(directory).key("hostname").string(hostname.data());
    json.key("serverTime").string(rfc3339(host_.now_ns()));
    if (ok != nullptr && ok->is_bool()) {  // an older host does not say
      json.key("reloadConfigSuccess").boolean(ok->get_bool()).key("lastConfigTime").string(text("config_loaded_at"));
    }
    json.end_object();
  });
}

void Api::flags(const Request&, const Exchange& exchange) {
  const EngineOptions& options = engine_.options();
  answer(exchange, [&](json::Writer& json) {
    json.begin_object();
    json.key("query.lookback-delta").string(write_duration(options.lookback_ns));
    json.key("query.max-concurrency").string(std::to_string(options.max_concurrency));
    json.key("query.max-samples").string(std::to_string(options.limits.max_samples));
    json.key("query.timeout").string(write_duration(options.limits.timeout_ns)).end_object();
  });
}

void Api::config(const Request&, const Exchange& exchange) {
  const std::string toml = collect(host_.control->config_toml, host_);
  answer(exchange, [&](json::Writer& json) { json.begin_object().key("yaml").string(toml).end_object(); });
}

void Api::tsdb(const Request& request, const Exchange& exchange) {
  const http::Form form(request);
  uint64_t limit = 10;
  if (auto bad = read_limit(form, limit)) return refuse_parameter(exchange, bad->name, bad->text);
  if (limit < 1 || limit > 10000) return refuse(exchange, 400, "bad_data", "limit must be a positive number between 1 and 10000");
  auto store = store_.acquire_wait();
  if (!store) return refuse(exchange, store.error());
  tarsier_store_stat stat{};
  stat.size = sizeof(stat);
  tarsier_error error = empty_error();
  if (const tarsier_status status = (*store)->stat((*store)->self, &stat, &error); status != TARSIER_OK)
    return refuse(exchange, Error::from_c(status, error));

  // The series of the last hour, counted by what they are made of.
  const tarsier_matcher named{TARSIER_MATCH_NOT_EQUAL, 0, str(kMetricName), str("")};
  tarsier_select select{};
  select.size = sizeof(select);
  select.matcher_count = 1;
  select.matchers = &named;
  select.end_ns = kMaxTimeNs;
  select.start_ns = host_.now_ns() - 3'600'000'000'000;
  Tally tally;
  const tarsier_status status = (*store)->series((*store)->self, &select, 0, &tally,
                                                 [](void* user, const tarsier_series* one) -> int32_t {
                                                   auto& to = *static_cast<Tally*>(user);
                                                   const std::lock_guard lock(to.mutex);
                                                   for (uint32_t i = 0; i < one->label_count; ++i) {
                                                     const std::string name(view(one->labels[i].name));
                                                     const std::string value(view(one->labels[i].value));
                                                     if (name == kMetricName) ++to.by_metric[value];
                                                     ++to.by_pair[name + "=" + value];
                                                     ++to.by_label[name][value];
                                                   }
                                                   return 1;
                                                 },
                                                 &error);
  if (status != TARSIER_OK) return refuse(exchange, Error::from_c(status, error));
  std::map<std::string, uint64_t> values, bytes;
  for (const auto& [name, counts] : tally.by_label) {
    values[name] = counts.size();
    for (const auto& [value, count] : counts) bytes[name] += value.size();
  }
  answer(exchange, [&](json::Writer& json) {
    json.begin_object().key("headStats").begin_object();
    json.key("numSeries")
        .integer(static_cast<int64_t>(stat.series))
        .key("numLabelPairs")
        .integer(static_cast<int64_t>(stat.label_pairs));
    json.key("chunkCount").integer(static_cast<int64_t>(stat.chunks)).key("minTime").integer(stat.min_time_ns / 1'000'000);
    json.key("maxTime").integer(stat.max_time_ns / 1'000'000).end_object();
    write_top(json, "seriesCountByMetricName", tally.by_metric, limit);
    write_top(json, "labelValueCountByLabelName", values, limit);
    write_top(json, "memoryInBytesByLabelName", bytes, limit);
    write_top(json, "seriesCountByLabelValuePair", tally.by_pair, limit);
    json.end_object();
  });
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
