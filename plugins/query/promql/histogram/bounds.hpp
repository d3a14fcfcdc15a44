// Where the buckets of a histogram begin and end.
#pragma once

#include <vector>

#include "plugins/query/promql/histogram/float_histogram.hpp"

namespace tarsier::promql {

/// The upper bound of an exponential bucket: 2^(index * 2^-schema).
double exponential_bound(int32_t schema, int32_t index);

double custom_bound(const std::vector<double>& bounds, int32_t index);

/// The upper bound of a bucket on the positive side.
template <class Number>
double upper_bound_of(const BasicHistogram<Number>& histogram, int32_t index) {
  return histogram.custom() ? custom_bound(histogram.bounds, index) : exponential_bound(histogram.schema, index);
}

/// One bucket with its place on the number line.
struct BucketRange {
  double lower, upper;
  bool lower_inclusive, upper_inclusive;
  double count;
};
BucketRange positive_range(const FloatHistogram& histogram, const IndexedCount<double>& bucket);
BucketRange negative_range(const FloatHistogram& histogram, const IndexedCount<double>& bucket);
BucketRange zero_range(const FloatHistogram& histogram);

/// All buckets, ascending; the zero bucket only when it counts something.
std::vector<BucketRange> ranges_of(const FloatHistogram& histogram);

}  // namespace tarsier::promql
