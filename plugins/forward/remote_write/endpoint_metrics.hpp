// EndpointMetrics: what an endpoint shows of itself, by its name.
#pragma once

#include <string_view>

#include "plugins/forward/remote_write/shard.hpp"
#include "tarsier/metrics.hpp"

namespace tarsier::forward {

/// Why something is not sent.
enum class Drop : uint8_t { queue_limit, too_old, labels, series, histogram, native_histograms_off, custom_buckets_in_v1 };
inline constexpr size_t kDrops = 7;

class EndpointMetrics {
 public:
  EndpointMetrics(const Host& host, std::string_view endpoint);

  void sent(const RequestCounts& counts, uint64_t body_bytes, double seconds) const;
  void refused(const RequestCounts& counts) const;
  void retried(const RequestCounts& counts) const;
  void dropped(Drop why, uint64_t count) const { dropped_[static_cast<size_t>(why)].add(static_cast<double>(count)); }

  Counter metadata_sent, metadata_failed, metadata_left_out;
  Gauge pending, shards, shards_desired, shards_min, shards_max, highest_sent_seconds;

 private:
  struct ByKind {
    ByKind(const Host& host, std::string_view what, std::string_view help, std::string_view endpoint);
    void add(const RequestCounts& counts) const;
    Counter samples, histograms, exemplars;
  };
  ByKind sent_, failed_, retried_;
  Counter bytes_;
  Histogram request_seconds_;
  Counter dropped_[kDrops];
};

}  // namespace tarsier::forward
