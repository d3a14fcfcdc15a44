// JSON of the target APIs.
#include "plugins/collect/scrape/targets_api.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <unistd.h>

#include "plugins/collect/scrape/api_json.hpp"
#include "plugins/lib/exposition/metric_type.hpp"
#include "plugins/lib/promql/matching.hpp"
#include "plugins/lib/promql/number.hpp"
#include "plugins/lib/time/rfc3339.hpp"

namespace tarsier::scrape {
namespace {

const char* health_word(Target::Health health) {
  switch (health) {
    case Target::Health::up:
      return "up";
    case Target::Health::down:
      return "down";
    default:
      return "unknown";
  }
}

/// The URL as other machines may use it: a loopback address becomes this host's name.
std::string global_url(const std::string& url) {
  const size_t begin = url.find("://") + 3;
  for (const std::string_view local : {"localhost", "127.0.0.1", "[::1]"}) {
    if (url.compare(begin, local.size(), local) != 0) continue;
    const size_t end = begin + local.size();
    if (end < url.size() && url[end] != ':' && url[end] != '/') continue;
    std::array<char, 256> name{};
    if (::gethostname(name.data(), name.size() - 1) != 0) return url;
    return url.substr(0, begin) + name.data() + url.substr(end);
  }
  return url;
}

void write_target(json::Writer& out, const Target& target) {
  const Target::Status status = target.status();
  const TargetSpec& spec = target.spec();
  out.begin_object();
  write_labels(out.key("discoveredLabels"), target.discovered());
  write_labels(out.key("labels"), spec.labels);
  out.key("scrapePool").string(target.job().name);
  out.key("scrapeUrl").string(spec.url);
  out.key("globalUrl").string(global_url(spec.url));
  out.key("lastError").string(status.last_error);
  out.key("lastScrape").string(print_rfc3339(status.last_scrape_ns));
  out.key("lastScrapeDuration").number(status.last_duration_seconds);
  out.key("health").string(health_word(status.health));
  out.key("scrapeInterval").string(spec.scrape_interval);
  out.key("scrapeTimeout").string(spec.scrape_timeout);
  out.end_object();
}

void write_dropped(json::Writer& out, const Pool& pool) {
  for (const PackedLabels& labels : pool.unscraped->dropped) {
    write_labels(out.begin_object().key("discoveredLabels"), labels.unpack());
    out.key("scrapePool").string(pool.job->name).end_object();
  }
}

void write_refused(json::Writer& out, const Pool& pool) {
  for (const Unscraped::Refused& target : pool.unscraped->refused) {
    write_labels(out.begin_object().key("discoveredLabels"), target.discovered);
    out.key("scrapePool").string(pool.job->name).key("error").string(target.why).end_object();
  }
}

/// Whether `text` is `word` in whatever case.
bool is_word(std::string_view text, std::string_view word) {
  return std::equal(text.begin(), text.end(), word.begin(), word.end(), [](char a, char b) { return (a | 0x20) == b; });
}

}  // namespace

std::string targets_json(const std::vector<Pool>& pools, std::string_view state, std::string_view pool_name) {
  const bool any = state.empty() || is_word(state, "any");
  const bool active = any || is_word(state, "active"), dropped = any || is_word(state, "dropped");
  json::Writer out;
  const auto write_each = [&](const auto& write) {
    out.begin_array();
    for (const Pool& pool : pools)
      if (pool_name.empty() || pool.job->name == pool_name) write(pool);
    out.end_array();
  };
  begin_success(out).begin_object().key("activeTargets");
  write_each([&](const Pool& pool) {
    if (!active) return;
    for (const auto& target : pool.targets) write_target(out, *target);
  });
  out.key("droppedTargets");
  write_each([&](const Pool& pool) {
    if (dropped) write_dropped(out, pool);
  });
  out.key("droppedTargetCounts");
  if (!dropped) {
    out.null();
  } else {
    out.begin_object();
    for (const Pool& pool : pools) out.key(pool.job->name).integer(static_cast<int64_t>(pool.unscraped->dropped_count));
    out.end_object();
  }
  if (dropped && std::any_of(pools.begin(), pools.end(), [](const Pool& pool) { return !pool.unscraped->refused.empty(); })) {
    out.key("refusedTargets");
    write_each([&](const Pool& pool) { write_refused(out, pool); });
  }
  out.end_object().end_object();
  return out.take();
}

std::string config_json(std::string_view toml) {
  json::Writer out;
  begin_success(out).begin_object().key("yaml").string(toml).end_object().end_object();
  return out.take();
}

std::string scrape_pools_json(const std::vector<Pool>& pools) {
  json::Writer out;
  begin_success(out).begin_object().key("scrapePools").begin_array();
  for (const Pool& pool : pools) out.string(pool.job->name);
  out.end_array().end_object().end_object();
  return out.take();
}

Result<std::string> metadata_json(const std::vector<Pool>& pools, std::string_view match_target, std::string_view metric,
                                  std::string_view limit) {
  int64_t most = -1;
  if (!limit.empty()) {
    const auto number = promql::read_integer(limit);
    if (!number) return Error::invalid("limit must be a number");
    most = *number;
  }
  const auto selector = promql::compile_selector(match_target);
  if (!selector) return Error::invalid("invalid parameter \"match_target\": " + selector.error().message());
  json::Writer out;
  begin_success(out).begin_array();
  int64_t count = 0;
  for (const Pool& pool : pools) {
    for (const auto& target : pool.targets) {
      const LabelSet& labels = target->spec().labels;
      if (!promql::matches(*selector, [&](std::string_view name) { return get(labels, name); })) continue;
      target->each_metadata([&](const Metadata& family) {
        if ((!metric.empty() && family.family != metric) || (most >= 0 && count >= most)) return;
        ++count;
        write_labels(out.begin_object().key("target"), labels);
        if (metric.empty()) out.key("metric").string(family.family);
        out.key("type")
            .string(exposition::type_word(family.type))
            .key("help")
            .string(family.help)
            .key("unit")
            .string(family.unit)
            .end_object();
      });
    }
  }
  out.end_array().end_object();
  return out.take();
}

std::string error_json(std::string_view type, std::string_view message) {
  json::Writer out;
  out.begin_object().key("status").string("error").key("errorType").string(type).key("error").string(message).end_object();
  return out.take();
}

}  // namespace tarsier::scrape
