#include "plugins/query/promql/histogram/estimate.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "plugins/query/promql/exec/numeric.hpp"

namespace tarsier::promql {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

bool spans_zero(const BucketRange& range) { return range.lower <= 0 && range.upper >= 0; }

/// The zero bucket of a histogram with observations of one sign holds that sign only.
void cut_zero_bucket(const FloatHistogram& histogram, BucketRange& range) {
  if (histogram.negative.empty() && !histogram.positive.empty()) range.lower = 0;
  if (histogram.positive.empty() && !histogram.negative.empty()) range.upper = 0;
}

double interpolate(const FloatHistogram& histogram, const BucketRange& range, double fraction) {
  if (histogram.custom() || spans_zero(range)) return range.lower + (range.upper - range.lower) * fraction;
  const double lower = std::log2(std::fabs(range.lower));
  const double upper = std::log2(std::fabs(range.upper));
  if (range.lower > 0) return std::exp2(lower + (upper - lower) * fraction);
  return -std::exp2(upper + (lower - upper) * (1 - fraction));
}

double counted_in(const std::vector<BucketRange>& ranges) {
  double total = 0;
  for (const BucketRange& range : ranges) total += range.count;
  return total;
}

/// Counts how many observations lie below a value, while buckets are passed in ascending order.
class RankBelow {
 public:
  explicit RankBelow(double value) : value_(value) {}
  bool found() const noexcept { return found_; }
  /// `before`: what the buckets passed so far count.
  void pass(const BucketRange& range, double before, bool linear) {
    if (found_ || (range.upper <= value_ && range.lower < value_)) return;  // a zero bucket may have no width
    found_ = true;
    rank_ = before;
    if (range.lower >= value_) return;
    // The first custom bucket has no lower end to interpolate from.
    const bool open = linear && range.lower == -kInfinity;
    rank_ = open ? range.count : before + range.count * fraction_below(range, value_, linear);
  }
  double rank(double all) const { return found_ ? std::min(rank_, all) : all; }

 private:
  double value_;
  double rank_ = 0;
  bool found_ = false;
};

}  // namespace

double fraction_below(const BucketRange& range, double value, bool linear) {
  if (linear) return (value - range.lower) / (range.upper - range.lower);
  const double lower = std::log2(std::fabs(range.lower));
  const double upper = std::log2(std::fabs(range.upper));
  const double at = std::log2(std::fabs(value));
  return value > 0 ? (at - lower) / (upper - lower) : 1 - (at - upper) / (lower - upper);
}

Estimate histogram_quantile(double q, const FloatHistogram& histogram) {
  if (q < 0) return {-kInfinity};
  if (q > 1) return {kInfinity};
  if (histogram.count == 0 || std::isnan(q)) return {kNaN};
  std::vector<BucketRange> ranges = ranges_of(histogram);
  const bool nan_sum = std::isnan(histogram.sum);
  // From the nearer end, so that few counts are summed up; NaN counts as greater than everything.
  const bool ascending = nan_sum || q < 0.5;
  if (!ascending) std::reverse(ranges.begin(), ranges.end());
  double rank = (ascending ? q : 1 - q) * histogram.count;

  BucketRange range{};
  double count = 0;
  for (const BucketRange& next : ranges) {
    if (next.count == 0) continue;
    range = next;
    count += next.count;
    if (count >= rank) break;
  }
  if (!histogram.custom() && range.lower < 0 && range.upper > 0) cut_zero_bucket(histogram, range);
  if (histogram.custom()) {
    if (range.lower == -kInfinity) {
      if (range.upper <= 0) return {range.upper};
      range.lower = 0;
    } else if (range.upper == kInfinity) {
      return {range.lower};
    }
  }
  count = std::min(count, histogram.count);
  if (count < rank) return nan_sum ? Estimate{kNaN, NaNNote::kResultIsNaN} : Estimate{range.upper};
  rank = ascending ? rank - (count - range.count) : count - rank;
  const bool skewed = nan_sum && counted_in(ranges) < histogram.count;
  return {interpolate(histogram, range, rank / range.count), skewed ? NaNNote::kSkewed : NaNNote::kNone};
}

Estimate histogram_fraction(double lower, double upper, const FloatHistogram& histogram) {
  if (histogram.count == 0 || std::isnan(lower) || std::isnan(upper)) return {kNaN};
  if (lower >= upper) return {0};
  const std::vector<BucketRange> ranges = ranges_of(histogram);
  RankBelow below_lower(lower), below_upper(upper);
  double before = 0;
  for (BucketRange range : ranges) {
    const bool zero = spans_zero(range);
    if (zero) cut_zero_bucket(histogram, range);
    below_lower.pass(range, before, histogram.custom() || zero);
    below_upper.pass(range, before, histogram.custom() || zero);
    if (below_upper.found()) break;  // the lower one came before it
    before += range.count;
  }
  double all = histogram.count;
  NaNNote note = NaNNote::kNone;
  if (std::isnan(histogram.sum)) {
    all = counted_in(ranges);
    if (all < histogram.count) note = NaNNote::kExcluded;
  }
  return {(below_upper.rank(all) - below_lower.rank(all)) / histogram.count, note};
}

double histogram_variance(const FloatHistogram& histogram) {
  const double mean = histogram.sum / histogram.count;
  KahanSum squares;
  for (const BucketRange& range : ranges_of(histogram)) {
    if (range.count == 0) continue;
    double middle = 0;
    if (histogram.custom()) {
      middle = (range.upper + range.lower) / 2;
    } else if (!spans_zero(range)) {
      middle = std::copysign(std::sqrt(range.upper * range.lower), range.upper);
    }
    const double delta = middle - mean;
    squares.add(range.count * delta * delta);
  }
  return (squares.sum + squares.c) / histogram.count;
}

}  // namespace tarsier::promql
