// One job of the configuration.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "plugins/collect/scrape/failure_log.hpp"
#include "plugins/collect/scrape/histogram_limits.hpp"
#include "plugins/collect/scrape/label_set.hpp"
#include "plugins/lib/client_config/client_config.hpp"
#include "plugins/lib/relabel/rule.hpp"
#include "tarsier/config.hpp"
#include "tarsier/result.hpp"

namespace tarsier::scrape {

/// Where failed scrapes are written; null: nowhere. Jobs with the same file share it, and are the same by its name.
struct FailureLogRef {
  std::shared_ptr<FailureLog> log;
  bool operator==(const FailureLogRef& other) const {
    return log == other.log || (log && other.log && log->file() == other.log->file());
  }
};

/// The keys keep Prometheus' names; 0 means no limit.
struct Job {
  std::string name;
  int64_t interval_ns = 0;
  int64_t timeout_ns = 0;
  std::string metrics_path;
  std::string scheme;
  bool honor_labels = false;
  bool honor_timestamps = true;
  bool track_timestamps_staleness = false;
  bool follow_redirects = true;
  bool enable_compression = true;
  std::string accept;         // the header that asks for its scrape_protocols
  bool legacy_names = false;  // a page with others fails
  bool native_histograms = false;
  bool classic_beside_native = false;  // histograms in both forms are taken in both
  bool convert_classic = false;        // classic histograms become native ones with custom buckets
  HistogramLimits histogram_limits;
  std::string fallback_scrape_protocol;
  std::vector<std::pair<std::string, std::string>> params;
  uint64_t sample_limit = 0;
  uint64_t body_size_limit = 0;
  uint64_t target_limit = 0;
  uint64_t label_limit = 0;
  uint64_t label_name_length_limit = 0;
  uint64_t label_value_length_limit = 0;
  client_config::ClientConfig client;  // headers, authorization, TLS
  struct StaticConfig {
    std::vector<std::string> targets;
    LabelSet labels;
    bool operator==(const StaticConfig&) const = default;
  };
  std::vector<StaticConfig> static_configs;
  std::vector<relabel::Rule> relabel_configs;         // of targets
  std::vector<relabel::Rule> metric_relabel_configs;  // of series
  uint64_t keep_dropped_targets = 0;                  // how many are remembered by their labels
  FailureLogRef failures;
  bool extra_scrape_metrics = false;  // series about the scrape's timeout, limit and size
  bool operator==(const Job&) const = default;
};

/// All jobs of the plugin's table. INVALID with the place in the file.
Result<std::vector<Job>> read_jobs(const Config& config);

/// "15s", "1m30s", as Prometheus writes durations.
std::string duration_text(int64_t ns);

}  // namespace tarsier::scrape
