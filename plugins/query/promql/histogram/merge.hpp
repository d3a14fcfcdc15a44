// How histograms are brought to a common layout and added, for plain and for compensated counts. Included by the files that
// instantiate it.
#pragma once

#include <algorithm>
#include <cmath>
#include <tuple>
#include <utility>

#include "plugins/query/promql/exec/numeric.hpp"
#include "plugins/query/promql/histogram/bounds.hpp"
#include "plugins/query/promql/histogram/float_histogram.hpp"

namespace tarsier::promql::merging {

inline void put(double& to, double value) { to += value; }
inline void put(KahanSum& to, double value) { to.add(value); }
inline void put(KahanSum& to, const KahanSum& value) {
  to.add(value.sum);
  to.add(value.c);
}
inline bool is_empty(double value) { return value == 0; }
inline bool is_empty(const KahanSum& value) { return value.sum == 0 && value.c == 0; }

template <class Number>
void drop_empty(std::vector<IndexedCount<Number>>& buckets) {
  std::erase_if(buckets, [](const auto& bucket) { return is_empty(bucket.count); });
}

/// Maps every index by `to`, which never falls, and adds up what meets.
template <class Number, class To>
void map_indices(std::vector<IndexedCount<Number>>& buckets, To to) {
  size_t kept = 0;
  for (size_t i = 0; i < buckets.size(); ++i) {
    const IndexedCount<Number> bucket = {to(buckets[i].index), buckets[i].count};
    if (kept > 0 && buckets[kept - 1].index == bucket.index) {
      put(buckets[kept - 1].count, bucket.count);
    } else {
      buckets[kept++] = bucket;
    }
  }
  buckets.erase(buckets.begin() + static_cast<std::ptrdiff_t>(kept), buckets.end());
}

template <class Number>
void coarsen(BasicHistogram<Number>& histogram, int32_t schema) {
  const int shift = histogram.schema - schema;
  const auto to = [shift](int32_t index) { return ((index - 1) >> shift) + 1; };
  map_indices(histogram.positive, to);
  map_indices(histogram.negative, to);
  histogram.schema = schema;
}

/// Puts custom buckets into those of `bounds`, some of its own.
template <class Number>
void rebucket(BasicHistogram<Number>& histogram, const std::vector<double>& bounds) {
  map_indices(histogram.positive, [&](int32_t index) {
    const auto at = std::lower_bound(bounds.begin(), bounds.end(), upper_bound_of(histogram, index));
    return static_cast<int32_t>(at - bounds.begin());
  });
  drop_empty(histogram.positive);
  histogram.bounds = bounds;
}

inline std::vector<double> common_bounds(const std::vector<double>& a, const std::vector<double>& b) {
  std::vector<double> common;
  std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(common));
  return common;
}

/// The count of a zero bucket of a greater threshold, and that threshold: greater still when a bucket with something in it would be
/// cut in two.
template <class Number>
std::pair<Number, double> widened_zero(const BasicHistogram<Number>& histogram, double threshold) {
  if (threshold == histogram.zero_threshold) return {histogram.zero_count, threshold};
  for (;;) {
    Number count = histogram.zero_count;
    double widest = threshold;
    for (const auto* side : {&histogram.positive, &histogram.negative}) {
      for (const auto& bucket : *side) {
        if (exponential_bound(histogram.schema, bucket.index - 1) >= widest) break;
        put(count, bucket.count);
        const double upper = exponential_bound(histogram.schema, bucket.index);
        if (upper <= widest) continue;
        if (!is_empty(bucket.count)) widest = upper;
        break;
      }
    }
    if (widest == threshold) return {count, widest};
    threshold = widest;
  }
}

/// Widens the zero bucket until both have the same; returns what `other` has in it.
template <class Number>
double reconcile_zero(BasicHistogram<Number>& to, const FloatHistogram& other) {
  double count = other.zero_count;
  double threshold = other.zero_threshold;
  while (threshold != to.zero_threshold) {
    if (to.zero_threshold > threshold) std::tie(count, threshold) = widened_zero(other, to.zero_threshold);
    if (threshold <= to.zero_threshold) continue;
    std::tie(to.zero_count, to.zero_threshold) = widened_zero(to, threshold);
    for (auto* side : {&to.positive, &to.negative})
      std::erase_if(*side, [&](const auto& bucket) {
        return is_empty(bucket.count) || exponential_bound(to.schema, bucket.index - 1) < to.zero_threshold;
      });
  }
  return count;
}

template <class Number>
bool same_indices(const std::vector<IndexedCount<Number>>& a, const BucketCounts& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) { return x.index == y.index; });
}

/// Adds `sign` times `from`.
template <class Number>
void merge_counts(std::vector<IndexedCount<Number>>& to, const BucketCounts& from, double sign) {
  if (same_indices(to, from)) {
    for (size_t i = 0; i < to.size(); ++i) put(to[i].count, sign * from[i].count);
    return;
  }
  std::vector<IndexedCount<Number>> merged;
  merged.reserve(to.size() + from.size());
  auto at = to.begin();
  for (const auto& bucket : from) {
    while (at != to.end() && at->index < bucket.index) merged.push_back(std::move(*at++));
    if (at != to.end() && at->index == bucket.index) {
      merged.push_back(std::move(*at++));
      put(merged.back().count, sign * bucket.count);
    } else {
      merged.push_back({bucket.index, Number{sign * bucket.count}});
    }
  }
  merged.insert(merged.end(), at, to.end());
  to = std::move(merged);
}

/// The hint of a sum. True: the hints contradict one another.
template <class Number>
bool merge_hints(BasicHistogram<Number>& to, CounterReset other) {
  const CounterReset own = to.counter_reset;
  if (own == other || own == CounterReset::gauge) return false;
  if (other == CounterReset::gauge) {
    to.counter_reset = CounterReset::gauge;
    return false;
  }
  to.counter_reset = CounterReset::unknown;
  return own != CounterReset::unknown && other != CounterReset::unknown;
}

/// Adds `sign` times `other`.
template <class Number>
std::optional<MergeNotes> merge(BasicHistogram<Number>& to, const FloatHistogram& other, double sign) {
  if (to.custom() != other.custom()) return std::nullopt;
  MergeNotes notes;
  notes.collision = merge_hints(to, other.counter_reset);
  if (!to.custom()) put(to.zero_count, sign * reconcile_zero(to, other));
  put(to.count, sign * other.count);
  put(to.sum, sign * other.sum);
  if (to.custom()) {
    if (to.bounds == other.bounds) {
      merge_counts(to.positive, other.positive, sign);
      return notes;
    }
    notes.reconciled = true;
    const std::vector<double> common = common_bounds(to.bounds, other.bounds);
    FloatHistogram mapped = other;
    rebucket(mapped, common);
    rebucket(to, common);
    merge_counts(to.positive, mapped.positive, sign);
    return notes;
  }
  if (other.schema < to.schema) coarsen(to, other.schema);
  // What lies in the common zero bucket was counted there.
  const bool within_zero = other.zero_threshold != to.zero_threshold;
  if (other.schema == to.schema && !within_zero) {
    merge_counts(to.positive, other.positive, sign);
    merge_counts(to.negative, other.negative, sign);
    return notes;
  }
  FloatHistogram mapped = other;
  coarsen(mapped, to.schema);
  for (BucketCounts* side : {&mapped.positive, &mapped.negative})
    std::erase_if(*side, [&](const auto& bucket) { return exponential_bound(to.schema, bucket.index) <= to.zero_threshold; });
  merge_counts(to.positive, mapped.positive, sign);
  merge_counts(to.negative, mapped.negative, sign);
  return notes;
}

}  // namespace tarsier::promql::merging
