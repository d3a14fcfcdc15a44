// What to merge next: several partitions of one span become one, then neighbouring spans become a longer one (two hours, eight
// hours, a day), so that a day's index is there once and a query opens few files.
#pragma once

#include <optional>

#include "options.hpp"
#include "partition.hpp"

namespace tarsier::samples {

/// A partition as far as planning goes.
struct MergeCandidate {
  Cover cover;
  uint64_t samples = 0;
  uint64_t bytes = 0;
};

struct MergePlan {
  std::vector<size_t> inputs;  // places among the candidates
  Cover cover;                 // of what they become
};

/// Spans of merged partitions, ascending: the partition window, four times that and so on, then options.merge_to_ns. None is longer
/// than a quarter of the retention, since only whole partitions are removed.
std::vector<int64_t> merge_levels(const Options& options);

/// The first merge that is due, of the shortest spans first and the oldest of these. None takes more than a quarter of
/// options.retention_bytes. `others`: what is not to be merged but holds
/// samples. A merge whose cover would take in one of them is not made, for it would look as if that was merged too.
std::optional<MergePlan> plan_merge(std::span<const MergeCandidate> candidates, std::span<const Cover> others, int64_t now_ns,
                                    const Options& options);

}  // namespace tarsier::samples
