// What a native histogram tells of the observations behind it: quantiles, fractions, variance.
#pragma once

#include "plugins/query/promql/histogram/bounds.hpp"
#include "plugins/query/promql/histogram/float_histogram.hpp"

namespace tarsier::promql {

/// How much of a bucket's width lies below `value`, which is inside: on a logarithmic scale unless `linear`.
double fraction_below(const BucketRange& range, double value, bool linear);

/// Observations that are NaN are in the count, but in no bucket; the sum then is NaN.
enum class NaNNote : uint8_t { kNone, kResultIsNaN, kSkewed, kExcluded };
struct Estimate {
  double value;
  NaNNote note = NaNNote::kNone;
};
Estimate histogram_quantile(double q, const FloatHistogram& histogram);
/// Of the observations between the two bounds.
Estimate histogram_fraction(double lower, double upper, const FloatHistogram& histogram);
double histogram_variance(const FloatHistogram& histogram);

}  // namespace tarsier::promql
