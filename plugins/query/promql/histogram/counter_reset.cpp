// Whether a counter was reset between two of its histograms.
#include "plugins/query/promql/histogram/merge.hpp"

namespace tarsier::promql {
namespace {

/// Some bucket of `previous` counts more than the one of `current`.
bool any_less(const BucketCounts& current, const BucketCounts& previous) {
  auto at = current.begin();
  for (const auto& before : previous) {
    while (at != current.end() && at->index < before.index) ++at;
    const bool there = at != current.end() && at->index == before.index;
    if (there ? at->count < before.count : before.count != 0) return true;
  }
  return false;
}

bool less_in_custom_buckets(const FloatHistogram& current, const FloatHistogram& previous) {
  if (current.bounds == previous.bounds) return any_less(current.positive, previous.positive);
  const std::vector<double> common = merging::common_bounds(current.bounds, previous.bounds);
  FloatHistogram after = current;
  FloatHistogram before = previous;
  merging::rebucket(after, common);
  merging::rebucket(before, common);
  return any_less(after.positive, before.positive);
}

/// Leaves the buckets that reach beyond the zero bucket.
void keep_beyond(double threshold, FloatHistogram& histogram) {
  for (BucketCounts* side : {&histogram.positive, &histogram.negative})
    std::erase_if(*side, [&](const auto& bucket) { return exponential_bound(histogram.schema, bucket.index) <= threshold; });
}

}  // namespace

bool detect_reset(const FloatHistogram& current, const FloatHistogram& previous) {
  if (current.counter_reset == CounterReset::yes) return true;
  if (current.counter_reset == CounterReset::no) return false;
  if (current.count < previous.count) return true;
  if (current.custom() != previous.custom()) return true;
  if (current.custom()) return less_in_custom_buckets(current, previous);
  // A finer resolution, or a narrower zero bucket, comes with a new counter only.
  if (current.schema > previous.schema || current.zero_threshold < previous.zero_threshold) return true;
  const auto [zero_count, threshold] = merging::widened_zero(previous, current.zero_threshold);
  if (threshold != current.zero_threshold || current.zero_count < zero_count) return true;
  if (current.schema == previous.schema && current.zero_threshold == previous.zero_threshold)
    return any_less(current.positive, previous.positive) || any_less(current.negative, previous.negative);
  FloatHistogram before = previous;
  merging::coarsen(before, current.schema);
  keep_beyond(current.zero_threshold, before);
  return any_less(current.positive, before.positive) || any_less(current.negative, before.negative);
}

}  // namespace tarsier::promql
