// Options: what the plugin's configuration decides, with the defaults of the schema in plugin.cpp. Counters: what the store counts.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

namespace tarsier::samples {

inline constexpr int64_t kSecondNs = 1'000'000'000;
inline constexpr int64_t kMinuteNs = 60 * kSecondNs;
inline constexpr int64_t kHourNs = 60 * kMinuteNs;

/// Summaries that are kept when the samples are gone.
struct Tier {
  int64_t every_ns = 0;      // one for so long
  int64_t retention_ns = 0;  // 0: for ever
};

struct Options {
  int64_t out_of_order_window_ns = 30 * kMinuteNs;
  int64_t future_limit_ns = 10 * kMinuteNs;  // 0: none
  int64_t partition_window_ns = 2 * kHourNs;
  int64_t merge_to_ns = 24 * kHourNs;        // partitions are merged to this span
  int64_t seal_delay_ns = 10 * kMinuteNs;    // a window is sealed this long after its end
  uint64_t journal_bytes = 64ULL << 20;      // above this size of the active file what is in memory is flushed
  int64_t retention_ns = 15 * 24 * kHourNs;  // 0: for ever
  uint64_t retention_bytes = 0;              // 0: no limit
  std::vector<Tier> tiers = {};              // finest first; each is made of the one before
  uint64_t max_series = 2'000'000;           // in the head; 0: no limit
  uint64_t max_series_per_metric = 0;        // of these, with one metric name; 0: no limit
  uint64_t max_series_per_job = 0;           // and with one value of the label job; 0: no limit
  uint64_t max_exemplars = 100'000;          // of all series; 0: none
  uint64_t max_labels = 256;                 // of a series
  uint64_t max_label_bytes = 64 << 10;       // of all names and values of a series
};

struct Counters {
  std::atomic<uint64_t> appended{0};
  std::atomic<uint64_t> out_of_order{0};  // of the appended
  std::atomic<uint64_t> duplicates{0};
  std::atomic<uint64_t> refused_conflict{0};
  std::atomic<uint64_t> refused_too_old{0};
  std::atomic<uint64_t> refused_future{0};
  std::atomic<uint64_t> refused_series_limit{0};
  std::atomic<uint64_t> refused_metric_limit{0};
  std::atomic<uint64_t> refused_job_limit{0};
  std::atomic<uint64_t> refused_labels{0};
  std::atomic<uint64_t> refused_histogram{0};
  std::atomic<uint64_t> exemplars_appended{0};
  std::atomic<uint64_t> exemplars_duplicate{0};
  std::atomic<uint64_t> exemplars_refused_out_of_order{0};
  std::atomic<uint64_t> exemplars_refused_future{0};
  std::atomic<uint64_t> exemplars_refused_labels{0};
  std::atomic<uint64_t> exemplars_refused_disabled{0};
  std::atomic<uint64_t> commit_failures{0};
  std::atomic<uint64_t> flushes{0};
  std::atomic<uint64_t> flush_failures{0};
  std::atomic<uint64_t> seal_failures{0};
  std::atomic<uint64_t> sealed_partitions{0};
  std::atomic<uint64_t> merged_partitions{0};
  std::atomic<uint64_t> merged_segments{0};
  std::atomic<uint64_t> summed_partitions{0};
  std::atomic<uint64_t> removed_partitions{0};
  std::atomic<uint64_t> removed_unsummed_partitions{0};  // of these
  std::atomic<uint64_t> cut_metadata{0};
  std::atomic<uint64_t> dropped_metadata{0};
  std::atomic<uint64_t> selects{0};
};

}  // namespace tarsier::samples
