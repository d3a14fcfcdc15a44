// What segments to merge next, so that a window has few however many flushes it takes: eight of about a size become one, eight of
// these one that is larger again. Those that are merged are six times the largest of them, so of a million flushes no sample is
// written again more than eight times. What is left of a window becomes one when samples have gone on to the next.
#pragma once

#include <optional>
#include <span>

#include "merge_plan.hpp"

namespace tarsier::samples {

/// Places among the candidates; `last` is exclusive.
struct SegmentRun {
  size_t first = 0;
  size_t last = 0;
};

/// The first merge that is due, of the smallest first. `candidates`: by window, then by flush. `others`: what is not to be merged
/// but holds samples; what is merged lies to one side of each.
std::optional<SegmentRun> plan_segment_merge(std::span<const MergeCandidate> candidates, std::span<const Cover> others);

}  // namespace tarsier::samples
