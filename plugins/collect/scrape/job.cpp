// Reading jobs from TOML.
#include "plugins/collect/scrape/job.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "plugins/collect/scrape/protocol.hpp"
#include "plugins/lib/relabel/rule_config.hpp"

namespace tarsier::scrape {
namespace {

std::vector<std::string> strings(const Config& node) {
  std::vector<std::string> values;
  if (node.present() && !node.is_array()) return {node.string()};
  values.reserve(node.size());
  for (uint64_t i = 0; i < node.size(); ++i) values.push_back(node.at(i).string());
  return values;
}

std::vector<std::pair<std::string, std::string>> read_params(const Config& table) {
  std::vector<std::pair<std::string, std::string>> params;
  for (uint64_t i = 0; i < table.size(); ++i)
    for (std::string& value : strings(table.at(i))) params.emplace_back(std::string(table.key_at(i)), std::move(value));
  return params;
}

void read_limits(const Config& node, Job& job) {
  const auto limit = [&](const char* key) { return static_cast<uint64_t>(std::max<int64_t>(node[key].integer(), 0)); };
  job.sample_limit = limit("sample_limit");
  job.target_limit = limit("target_limit");
  job.label_limit = limit("label_limit");
  job.label_name_length_limit = limit("label_name_length_limit");
  job.label_value_length_limit = limit("label_value_length_limit");
  job.body_size_limit = node["body_size_limit"].size_bytes();
  job.histogram_limits.buckets = limit("native_histogram_bucket_limit");
  job.histogram_limits.schema = schema_of_factor(node["native_histogram_min_bucket_factor"].number());
}

Result<void> read_relabelling(const Config& node, Job& job) {
  for (const auto& [key, rules] :
       {std::pair{"relabel_configs", &job.relabel_configs}, {"metric_relabel_configs", &job.metric_relabel_configs}}) {
    auto read = relabel::read_rules(node[key]);
    if (!read) return std::move(read).error();
    *rules = std::move(*read);
  }
  job.keep_dropped_targets = static_cast<uint64_t>(std::max<int64_t>(node["keep_dropped_targets"].integer(), 0));
  return {};
}

/// Where rules may make it an address, a target is any text: a whole URL for the blackbox exporter.
Result<void> read_static_configs(const Config& lists, Job& job) {
  for (uint64_t i = 0; i < lists.size(); ++i) {
    Job::StaticConfig list;
    const Config targets = lists.at(i)["targets"], labels = lists.at(i)["labels"];
    list.targets = strings(targets);
    for (const std::string& target : list.targets)
      if (job.relabel_configs.empty() && (target.empty() || target.find('/') != std::string::npos))
        return targets.invalid("'" + target + "' is no valid target: expected host:port");
    for (uint64_t k = 0; k < labels.size(); ++k) list.labels.emplace(std::string(labels.key_at(k)), labels.at(k).string());
    job.static_configs.push_back(std::move(list));
  }
  return {};
}

/// A job's own key, or the plugin's.
Config own_or_default(const Config& node, const Config& defaults, const char* key) {
  return (node[key].present() ? node : defaults)[key];
}

/// How names that are not plain are asked for. What the plugin says of it goes with what it says of validation, as in the original.
Result<std::string> read_names(const Config& node, const Config& defaults, Job& job) {
  constexpr const char *kValidation = "metric_name_validation_scheme", *kEscaping = "metric_name_escaping_scheme";
  const auto usual = [](bool legacy) { return std::string(legacy ? kUnderscores : kAllowUtf8); };
  job.legacy_names = own_or_default(node, defaults, kValidation).string() == "legacy";
  std::string escaping = node[kEscaping].string();
  if (escaping.empty() && !node[kValidation].present()) escaping = defaults[kEscaping].string();
  if (escaping.empty()) escaping = usual(job.legacy_names);
  if (job.legacy_names && escaping == kAllowUtf8)
    return (node[kEscaping].present() ? node[kEscaping] : node)
        .invalid("utf8 metric names requested but validation scheme is not set to UTF8");
  return escaping;
}

Result<void> read_protocols(const Config& node, const Config& defaults, Job& job) {
  job.native_histograms = node["scrape_native_histograms"].boolean();
  job.classic_beside_native = node["always_scrape_classic_histograms"].boolean();
  job.convert_classic = node["convert_classic_histograms_to_nhcb"].boolean();
  const Config list = node["scrape_protocols"];
  std::vector<std::string> protocols = strings(list);
  for (size_t i = 0; i < protocols.size(); ++i) {
    const auto here = protocols.begin() + static_cast<std::ptrdiff_t>(i);
    if (std::find(protocols.begin(), here, *here) != here) return list.at(i).invalid("'" + *here + "' is given twice");
  }
  const auto escaping = read_names(node, defaults, job);
  if (!escaping) return escaping.error();
  job.accept = accept_header(protocols.empty() ? default_protocols(job.native_histograms) : protocols, *escaping);
  return {};
}

using FailureLogs = std::map<std::string, std::shared_ptr<FailureLog>>;  // by file

FailureLogRef read_failure_log(const Config& file, FailureLogs& known) {
  const std::string path = file.path();
  if (path.empty()) return {};
  auto& log = known[path];
  if (log == nullptr) log = std::make_shared<FailureLog>(path);
  return {log};
}

Result<Job> read_job(const Config& node, const Config& defaults, FailureLogs& logs) {
  Job job;
  job.name = node["job_name"].string();
  if (job.name.empty()) return node.invalid("job_name is empty");
  job.interval_ns = own_or_default(node, defaults, "scrape_interval").duration_ns();
  if (job.interval_ns <= 0) return node.invalid("scrape_interval must be above 0");
  const bool own_timeout = node["scrape_timeout"].present();
  job.timeout_ns = own_or_default(node, defaults, "scrape_timeout").duration_ns();
  if (own_timeout && job.timeout_ns > job.interval_ns)
    return node["scrape_timeout"].invalid("scrape_timeout " + duration_text(job.timeout_ns) + " is longer than scrape_interval " +
                                          duration_text(job.interval_ns));
  job.timeout_ns = std::min(job.timeout_ns, job.interval_ns);
  job.metrics_path = node["metrics_path"].string();
  job.scheme = node["scheme"].string();
  job.honor_labels = node["honor_labels"].boolean();
  job.honor_timestamps = node["honor_timestamps"].boolean();
  job.track_timestamps_staleness = node["track_timestamps_staleness"].boolean();
  job.follow_redirects = node["follow_redirects"].boolean();
  job.enable_compression = node["enable_compression"].boolean();
  job.fallback_scrape_protocol = node["fallback_scrape_protocol"].string();
  if (auto read = read_protocols(node, defaults, job); !read) return std::move(read).error();
  job.params = read_params(node["params"]);
  job.failures = read_failure_log(own_or_default(node, defaults, "scrape_failure_log_file"), logs);
  job.extra_scrape_metrics = own_or_default(node, defaults, "extra_scrape_metrics").boolean();
  read_limits(node, job);
  auto client = client_config::read_client_config(node);
  if (!client) return std::move(client).error();
  job.client = std::move(*client);
  if (auto read = read_relabelling(node, job); !read) return std::move(read).error();
  if (auto read = read_static_configs(node["static_configs"], job); !read) return std::move(read).error();
  return job;
}

}  // namespace

Result<std::vector<Job>> read_jobs(const Config& config) {
  std::vector<Job> jobs;
  std::set<std::string> names;
  FailureLogs logs;
  const Config list = config["job"];
  for (uint64_t i = 0; i < list.size(); ++i) {
    auto job = read_job(list.at(i), config, logs);
    if (!job) return std::move(job).error();
    if (!names.insert(job->name).second) return list.at(i).invalid("job_name '" + job->name + "' is used twice");
    jobs.push_back(std::move(*job));
  }
  return jobs;
}

std::string duration_text(int64_t ns) {
  struct Unit {
    const char* name;
    int64_t ms;
  };
  constexpr std::array<Unit, 5> kUnits = {{{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1000}, {"ms", 1}}};
  int64_t ms = ns / 1'000'000;
  if (ms == 0) return "0s";
  std::string out;
  for (const Unit& unit : kUnits) {
    if (ms < unit.ms) continue;
    out += std::to_string(ms / unit.ms) + unit.name;
    ms %= unit.ms;
  }
  return out;
}

}  // namespace tarsier::scrape
