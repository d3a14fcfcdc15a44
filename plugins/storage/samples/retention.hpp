// Retention: which partitions are past their time, or too many bytes. The oldest go first, always whole.
#pragma once

#include "options.hpp"
#include "partition.hpp"

namespace tarsier::samples {

/// The partitions to remove. `head_bytes`: what is kept besides and cannot go.
inline Partitions expired(const Partitions& partitions, int64_t now_ns, uint64_t head_bytes, const Options& options) {
  uint64_t bytes = head_bytes;
  for (const auto& partition : partitions) bytes += partition->file_bytes();
  Partitions gone;
  for (const auto& partition : partitions) {
    const int64_t newest = partition->info().max_time;
    const bool old = options.retention_ns != 0 && now_ns > newest && now_ns - newest > options.retention_ns;
    const bool excess = options.retention_bytes != 0 && bytes > options.retention_bytes;
    if (!old && !excess) continue;
    bytes -= partition->file_bytes();
    gone.push_back(partition);
  }
  return gone;
}

}  // namespace tarsier::samples
