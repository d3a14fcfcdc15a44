#include "plugins/query/promql/histogram/bounds.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace tarsier::promql {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

}  // namespace

double exponential_bound(int32_t schema, int32_t index) {
  if (schema < 0) {
    const int64_t exponent = static_cast<int64_t>(index) * (int64_t{1} << -schema);
    if (exponent == 1024) return std::numeric_limits<double>::max();  // the last bucket holds the greatest doubles, too
    return std::ldexp(1.0, static_cast<int>(std::clamp<int64_t>(exponent, -5000, 5000)));
  }
  const int32_t whole = index >> schema;
  const int32_t part = index - (whole << schema);
  if (part == 0 && whole == 1024) return std::numeric_limits<double>::max();
  return std::ldexp(part == 0 ? 1.0 : std::exp2(static_cast<double>(part) / (1 << schema)), whole);
}

double custom_bound(const std::vector<double>& bounds, int32_t index) {
  if (index < 0) return -kInfinity;
  return static_cast<size_t>(index) < bounds.size() ? bounds[static_cast<size_t>(index)] : kInfinity;
}

BucketRange positive_range(const FloatHistogram& histogram, const IndexedCount<double>& bucket) {
  const double lower = upper_bound_of(histogram, bucket.index - 1);
  const double upper = upper_bound_of(histogram, bucket.index);
  return {lower, upper, histogram.custom() && bucket.index == 0, true, bucket.count};
}

BucketRange negative_range(const FloatHistogram& histogram, const IndexedCount<double>& bucket) {
  return {-exponential_bound(histogram.schema, bucket.index), -exponential_bound(histogram.schema, bucket.index - 1), true, false,
          bucket.count};
}

BucketRange zero_range(const FloatHistogram& histogram) {
  return {-histogram.zero_threshold, histogram.zero_threshold, true, true, histogram.zero_count};
}

std::vector<BucketRange> ranges_of(const FloatHistogram& histogram) {
  std::vector<BucketRange> ranges;
  ranges.reserve(histogram.negative.size() + histogram.positive.size() + 1);
  for (auto bucket = histogram.negative.rbegin(); bucket != histogram.negative.rend(); ++bucket)
    ranges.push_back(negative_range(histogram, *bucket));
  if (histogram.zero_count > 0) ranges.push_back(zero_range(histogram));
  for (const auto& bucket : histogram.positive) ranges.push_back(positive_range(histogram, bucket));
  return ranges;
}

}  // namespace tarsier::promql
