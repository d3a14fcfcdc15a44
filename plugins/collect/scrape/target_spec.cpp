#include "plugins/collect/scrape/target_spec.hpp"

#include <map>
#include <optional>
#include <utility>

#include "plugins/lib/promql/text.hpp"

namespace tarsier::scrape {
namespace {

constexpr int64_t kShortestInterval = 10'000'000;  // what the configuration allows, too
constexpr std::string_view kParam = "__param_", kSocket = "__unix_socket__";
constexpr std::string_view kConvertClassic = "__convert_classic_histograms_to_nhcb__";
constexpr std::string_view kClassicBesideNative = "__always_scrape_classic_histograms__";
constexpr std::string_view kNativeHistograms = "__scrape_native_histograms__";

/// As Go's net/url writes a part of a URL: what is no letter, no digit and not in `plain` is escaped.
void append_escaped(std::string& out, std::string_view text, std::string_view plain) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  for (const char c : text) {
    const bool letter = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (letter || plain.find(c) != std::string_view::npos) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out.append(1, '%').append(1, kHex[byte >> 4]).append(1, kHex[byte & 15]);
    }
  }
}

void append_query_part(std::string& out, std::string_view text) {
  for (bool first = true;; first = false) {
    const size_t blank = std::min(text.find(' '), text.size());
    if (!first) out += '+';
    append_escaped(out, text.substr(0, blank), "-_.~");
    if (blank == text.size()) return;
    text.remove_prefix(blank + 1);
  }
}

/// The job's parameters; a label __param_X stands for the first value of X.
std::string query_of(const LabelSet& labels, const Job& job) {
  std::map<std::string_view, std::vector<std::string_view>> params;
  for (const auto& [name, value] : job.params) params[name].push_back(value);
  for (const auto& [name, value] : labels) {
    if (!name.starts_with(kParam)) continue;
    auto& values = params[std::string_view(name).substr(kParam.size())];
    if (values.empty()) values.emplace_back();
    values.front() = value;
  }
  std::string query;
  for (const auto& [name, values] : params) {
    for (const std::string_view value : values) {
      query += query.empty() ? '?' : '&';
      append_query_part(query, name);
      query += '=';
      append_query_part(query, value);
    }
  }
  return query;
}

std::string make_url(const LabelSet& labels, const Job& job) {
  const std::string_view path = get(labels, "__metrics_path__");
  std::string url = std::string(get(labels, "__scheme__")).append("://").append(get(labels, "__address__"));
  if (!path.empty() && !path.starts_with('/')) url += '/';
  append_escaped(url, path, "-_.~$&+,/:;=@");
  return url + query_of(labels, job);
}

/// With what the job gives all its targets.
LabelSet discovered_labels(const Job& job, LabelSet labels) {
  std::erase_if(labels, [](const auto& label) { return label.second.empty(); });
  const auto add = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) labels.try_emplace(std::string(name), value);
  };
  const auto add_switch = [&](std::string_view name, bool on) { add(name, on ? "true" : "false"); };
  add("job", job.name);
  add("__scheme__", job.scheme);
  add("__metrics_path__", job.metrics_path);
  add("__scrape_interval__", duration_text(job.interval_ns));
  add("__scrape_timeout__", duration_text(job.timeout_ns));
  add_switch(kConvertClassic, job.convert_classic);
  add_switch(kClassicBesideNative, job.classic_beside_native);
  add_switch(kNativeHistograms, job.native_histograms);
  for (const auto& [name, value] : job.params) add(std::string(kParam) + name, value);
  return labels;
}

/// None: dropped.
std::optional<LabelSet> relabelled(const LabelSet& discovered, const Job& job) {
  relabel::Labels labels;
  for (const auto& [name, value] : discovered) labels.set(name, value);
  if (!relabel::apply_all(job.relabel_configs, labels)) return std::nullopt;
  LabelSet set;
  for (const auto& [name, value] : labels.all()) set.emplace(name, value);
  return set;
}

Result<int64_t> read_period(const std::string& text, const std::string& what) {
  bool out_of_range = false;
  const auto ns = promql::read_duration(text, &out_of_range);
  if (!ns) {
    const std::string why = text.empty()   ? "empty duration string"
                            : out_of_range ? "duration out of range"
                                           : "not a valid duration string: " + promql::quote(text);
    return Error::invalid("error parsing " + what + ": " + why);
  }
  if (*ns == 0) return Error::invalid(what + " cannot be 0");
  return *ns;
}

Result<void> read_periods(const LabelSet& labels, TargetSpec& target) {
  target.scrape_interval = get(labels, "__scrape_interval__");
  target.scrape_timeout = get(labels, "__scrape_timeout__");
  const auto interval = read_period(target.scrape_interval, "scrape interval");
  if (!interval) return Error(interval.error());
  if (*interval < kShortestInterval)
    return Error::invalid("scrape interval cannot be less than " + duration_text(kShortestInterval));
  const auto timeout = read_period(target.scrape_timeout, "scrape timeout");
  if (!timeout) return Error(timeout.error());
  if (*timeout > *interval)
    return Error::invalid("scrape timeout cannot be greater than scrape interval (" + promql::quote(target.scrape_timeout) + " > " +
                          promql::quote(target.scrape_interval) + ")");
  target.interval_ns = *interval;
  target.timeout_ns = *timeout;
  return {};
}

/// As Go's strconv.ParseBool.
std::optional<bool> read_bool(std::string_view text) {
  for (const std::string_view word : {"1", "t", "T", "TRUE", "true", "True"})
    if (text == word) return true;
  for (const std::string_view word : {"0", "f", "F", "FALSE", "false", "False"})
    if (text == word) return false;
  return std::nullopt;
}

Result<void> read_switches(const LabelSet& labels, const Job& job, TargetSpec& target) {
  struct Switch {
    std::string_view label, what;
    bool of_job;
    bool& out;
  };
  for (const Switch& one :
       {Switch{kConvertClassic, "convert classic histograms to nhcb", job.convert_classic, target.convert_classic},
        Switch{kClassicBesideNative, "always scrape classic histograms", job.classic_beside_native, target.classic_beside_native},
        Switch{kNativeHistograms, "scrape native histograms", job.native_histograms, target.native_histograms}}) {
    const std::string_view text = get(labels, one.label);
    const auto value = text.empty() ? one.of_job : read_bool(text);
    if (!value) return Error::invalid("error parsing " + std::string(one.what) + ": invalid syntax: " + promql::quote(text));
    one.out = *value;
  }
  return {};
}

/// The client speaks to sockets without TLS.
Result<void> read_socket(const LabelSet& labels, TargetSpec& target) {
  target.socket = get(labels, kSocket);
  if (target.socket.empty()) return {};
  if (target.socket.front() != '/' || target.socket.find(':') != std::string::npos)
    return Error::invalid(std::string(kSocket) + " " + promql::quote(target.socket) + " is no absolute path without a colon");
  if (get(labels, "__scheme__") != "http") return Error::invalid(std::string(kSocket) + " needs the scheme http");
  return {};
}

Result<TargetSpec> make_target(LabelSet discovered, const LabelSet& labels, const Job& job) {
  TargetSpec target;
  target.discovered = std::move(discovered);
  const std::string address(get(labels, "__address__"));
  if (address.empty()) return Error::invalid("no address");
  if (address.find('/') != std::string::npos) return Error::invalid(promql::quote(address) + " is not a valid hostname");
  if (auto read = read_periods(labels, target); !read) return std::move(read).error();
  if (auto read = read_switches(labels, job, target); !read) return std::move(read).error();
  if (auto read = read_socket(labels, target); !read) return std::move(read).error();
  for (const auto& [name, value] : labels) {
    if (name.empty() || !promql::is_utf8(name)) return Error::invalid("invalid label name " + promql::quote(name));
    if (!promql::is_utf8(value))
      return Error::invalid("invalid label value for " + promql::quote(name) + ": " + promql::quote(value));
    if (!is_internal(name)) target.labels.emplace(name, value);
  }
  target.labels.try_emplace("instance", address);
  target.url = make_url(labels, job);
  return target;
}

/// Sorts what was found into what is scraped and what is not.
class Expansion {
 public:
  explicit Expansion(const Job& job) : job_(job) {}

  void add(LabelSet found) {
    LabelSet discovered = discovered_labels(job_, std::move(found));
    const auto labels = relabelled(discovered, job_);
    if (!labels) return drop(discovered);
    auto target = make_target(discovered, *labels, job_);
    if (!target) {
      targets_.unscraped.refused.push_back({std::move(discovered), target.error().message()});
      return;
    }
    const auto [known, is_new] = seen_.try_emplace({target->labels, target->url}, targets_.active.size());
    if (is_new)
      targets_.active.push_back(std::move(*target));
    else
      targets_.active[known->second].discovered = std::move(discovered);  // the last is shown
  }
  Targets take() { return std::move(targets_); }

 private:
  void drop(const LabelSet& discovered) {
    Unscraped& unscraped = targets_.unscraped;
    ++unscraped.dropped_count;
    if (job_.keep_dropped_targets == 0 || unscraped.dropped.size() < job_.keep_dropped_targets)
      unscraped.dropped.emplace_back(discovered);
  }

  const Job& job_;
  Targets targets_;
  std::map<std::pair<LabelSet, std::string>, size_t> seen_;  // two ways to the same labels and URL are one target
};

}  // namespace

Targets expand_targets(const Job& job, const FoundTargets& found) {
  Expansion expansion(job);
  for (const Job::StaticConfig& list : job.static_configs) {
    for (const std::string& address : list.targets) {
      LabelSet labels = list.labels;
      labels["__address__"] = address;
      expansion.add(std::move(labels));
    }
  }
  if (found) found([&expansion](LabelSet labels) { expansion.add(std::move(labels)); });
  return expansion.take();
}

}  // namespace tarsier::scrape
