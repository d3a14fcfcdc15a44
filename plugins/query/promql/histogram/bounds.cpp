#include "plugins/query/promql/histogram/bounds.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace tarsier::promql {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

constexpr int32_t kFinestSchema = 8;
/// 2^(1/4), 2^(1/8) ... 2^(1/256), rounded.
constexpr std::array kRoots = {1.189207115002721,  1.0905077326652577, 1.0442737824274138, 1.0218971486541166,
                               1.0108892860517005, 1.0054299011128027, 1.0027112750502025};

/// 2^(part / 2^schema - 1). People compare bounds as text, so they are those of the original's table, not the nearest doubles: the
/// product of the roots that the binary digits of the part ask for, the greatest first, beginning with one half or 1/sqrt(2).
double fraction(int32_t schema, int32_t part) {
  const auto digits = static_cast<uint32_t>(part) << static_cast<uint32_t>(kFinestSchema - schema);
  double value = (digits & 128U) != 0 ? 0.7071067811865475 : 0.5;
  for (size_t i = 0; i < kRoots.size(); ++i)
    if ((digits & (64U >> i)) != 0) value *= kRoots[i];
  return value;
}

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
  return std::ldexp(fraction(schema, part), whole + 1);
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
