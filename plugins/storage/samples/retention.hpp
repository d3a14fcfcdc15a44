// Retention: which partitions are past their time, or too many bytes. The oldest go first, always whole.
#pragma once

#include <algorithm>

#include "options.hpp"
#include "partition.hpp"

namespace tarsier::samples {

/// The partitions to remove. `other_bytes`: what is kept besides and cannot go.
inline Partitions expired(Partitions partitions, int64_t now_ns, uint64_t other_bytes, const Options& options) {
  uint64_t bytes = other_bytes;
  for (const auto& partition : partitions) bytes += partition->file_bytes();
  std::stable_sort(partitions.begin(), partitions.end(),
                   [](const auto& a, const auto& b) { return a->info().max_time < b->info().max_time; });
  Partitions gone;
  for (const auto& partition : partitions) {
    const int64_t newest = partition->info().max_time;
    int64_t age = 0;
    if (__builtin_sub_overflow(now_ns, newest, &age)) age = now_ns > newest ? INT64_MAX : INT64_MIN;
    const bool old = options.retention_ns != 0 && age > options.retention_ns;
    const bool excess = options.retention_bytes != 0 && bytes > options.retention_bytes;
    if (!old && !excess) break;
    bytes -= partition->file_bytes();
    gone.push_back(partition);
  }
  return gone;
}

}  // namespace tarsier::samples
