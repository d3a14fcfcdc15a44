// Retention: which partitions are past their time, or too many bytes. Always whole ones; of one tier the oldest go first, and by
// size the samples themselves before the tiers, but not the newest partition of samples.
#pragma once

#include "options.hpp"
#include "partition.hpp"

namespace tarsier::samples {

/// `retention_ns` 0: never.
bool is_past(int64_t newest, int64_t now_ns, int64_t retention_ns) noexcept;

/// Whether summaries of what goes are to be made first.
enum class Sums : uint8_t { wanted, given_up };

/// The partitions that are to go. `other_bytes`: what is kept besides and cannot go.
Partitions retired(Partitions partitions, int64_t now_ns, uint64_t other_bytes, const Options& options);

/// Those of them that can go now: no tier is to have their sum, or one has it, or their sum is given up.
Partitions expired(const Partitions& partitions, int64_t now_ns, uint64_t other_bytes, const Options& options, Sums sums);

}  // namespace tarsier::samples
