// A native histogram as queries compute with it: its buckets as lists of index and count, so that adding is a merge, a coarser
// resolution a shift of the indices, and an empty bucket nothing at all.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "tarsier/histogram.hpp"

namespace tarsier::promql {

template <class Number>
struct IndexedCount {
  int32_t index;
  Number count;
};

/// `Number` is double, or a compensated sum where many histograms are added up (sums.hpp).
template <class Number>
struct BasicHistogram {
  using Buckets = std::vector<IndexedCount<Number>>;

  int32_t schema = 0;  // as NativeHistogram has it
  CounterReset counter_reset = CounterReset::unknown;
  double zero_threshold = 0;
  Number zero_count{}, count{}, sum{};
  Buckets positive, negative;  // ascending by index
  std::vector<double> bounds;  // of custom buckets: upper ones, without +Inf

  bool custom() const noexcept { return schema == NativeHistogram::kCustomBuckets; }
};

using FloatHistogram = BasicHistogram<double>;
using BucketCounts = FloatHistogram::Buckets;
/// Shared by all steps and operators that a histogram passes unchanged.
using HistogramRef = std::shared_ptr<const FloatHistogram>;

FloatHistogram from_native(const NativeHistogram& native);
NativeHistogram to_native(const FloatHistogram& histogram);

/// What is worth knowing of an addition or subtraction.
struct MergeNotes {
  bool collision = false;   // one side says that the counter was reset, the other that it was not
  bool reconciled = false;  // custom bounds differed: those that both have are left
};
/// Zero thresholds, resolutions and custom bounds are brought to what both sides can be brought to. nullopt: custom and exponential
/// buckets do not go together, and `to` is unchanged. Buckets may become empty: see compact().
[[nodiscard]] std::optional<MergeNotes> add(FloatHistogram& to, const FloatHistogram& other);
/// The result is not made a gauge: whoever asks knows whether it is one.
[[nodiscard]] std::optional<MergeNotes> subtract(FloatHistogram& from, const FloatHistogram& other);
/// A negative factor makes a gauge.
void multiply(FloatHistogram& histogram, double factor);
/// By zero: no bucket is left.
void divide(FloatHistogram& histogram, double divisor);
/// Takes empty buckets away.
void compact(FloatHistogram& histogram);
/// To a coarser schema (of exponential buckets).
void reduce_resolution(FloatHistogram& histogram, int32_t schema);

/// Whether the counter behind both was reset between them: `current` says so, or it has less of anything (the sum apart) than
/// `previous`, or a finer resolution.
bool detect_reset(const FloatHistogram& current, const FloatHistogram& previous);

/// The same layout and the same numbers, bit for bit, whatever the counter-reset hints say. Empty buckets count as absent.
bool identical(const FloatHistogram& a, const FloatHistogram& b);

/// How many samples it weighs against a query's limit.
uint64_t samples_of(const FloatHistogram& histogram) noexcept;

}  // namespace tarsier::promql
