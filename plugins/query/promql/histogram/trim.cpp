#include "plugins/query/promql/histogram/trim.hpp"

#include <cmath>

#include "plugins/query/promql/histogram/estimate.hpp"

namespace tarsier::promql {
namespace {

double finite_or_zero(double value) { return std::isinf(value) ? 0 : value; }

/// What a bucket keeps: how many observations, and the value that stands for each of them.
struct Kept {
  double count;
  double middle;
};

class Trimmer {
 public:
  Trimmer(FloatHistogram& histogram, double cut, TrimSide side)
      : histogram_(histogram), cut_(cut), below_(side == TrimSide::kKeepBelow) {}

  void run() {
    const bool any_positive = cut_side(histogram_.positive, true);
    const bool any_negative = cut_side(histogram_.negative, false);
    if (histogram_.zero_count > 0) take(histogram_.zero_count, of_zero_bucket(any_negative, any_positive));
    if (!lost_) return;
    histogram_.count = count_;
    histogram_.sum = sum_;
    compact(histogram_);
  }

 private:
  void take(double& count, Kept kept) {
    count_ += kept.count;
    sum_ += kept.middle * kept.count;
    lost_ = lost_ || count != kept.count;
    count = kept.count;
  }

  /// Whether that side counts anything.
  bool cut_side(BucketCounts& side, bool positive) {
    bool any = false;
    for (auto& bucket : side) {
      if (bucket.count == 0) continue;
      any = true;
      take(bucket.count, of_bucket(positive ? positive_range(histogram_, bucket) : negative_range(histogram_, bucket)));
    }
    return any;
  }

  Kept of_bucket(const BucketRange& range) const {
    const bool whole = below_ ? range.upper <= cut_ : range.lower >= cut_;
    const bool nothing = below_ ? range.lower >= cut_ : range.upper <= cut_;
    if (whole) return {range.count, middle(range.lower, range.upper)};
    if (nothing) return {0, 0};
    if (std::isinf(range.lower) || std::isinf(range.upper)) return of_open_bucket(range);
    const double under = range.count * fraction_below(range, cut_, histogram_.custom());
    return below_ ? Kept{under, middle(range.lower, cut_)} : Kept{range.count - under, middle(cut_, range.upper)};
  }

  /// A custom bucket without a lower or upper end, cut inside. The first one begins at 0 when its bound is positive; nothing can be
  /// said about how observations lie in the others.
  Kept of_open_bucket(const BucketRange& range) const {
    if (std::isinf(range.lower)) {
      const bool from_zero = range.upper > 0 && !std::isinf(range.upper);
      if (below_) {
        if (from_zero && cut_ > 0) return {range.count * cut_ / range.upper, cut_ / 2};
        return range.upper <= 0 ? Kept{range.count, cut_} : Kept{0, finite_or_zero(range.upper)};
      }
      if (from_zero && cut_ >= 0) return {range.count * (1 - cut_ / range.upper), (cut_ + range.upper) / 2};
      return {0, finite_or_zero(range.upper)};
    }
    return below_ ? Kept{0, finite_or_zero(range.lower)} : Kept{range.count, cut_};
  }

  Kept of_zero_bucket(bool any_negative, bool any_positive) const {
    const double lower = any_positive && !any_negative ? 0 : -histogram_.zero_threshold;
    const double upper = any_negative && !any_positive ? 0 : histogram_.zero_threshold;
    const Kept whole = {histogram_.zero_count, (lower + upper) / 2};
    if (cut_ <= lower) return below_ ? Kept{0, 0} : whole;
    if (cut_ >= upper) return below_ ? whole : Kept{0, 0};
    const double share = (below_ ? cut_ - lower : upper - cut_) / (upper - lower);
    return {histogram_.zero_count * share, ((below_ ? lower : upper) + cut_) / 2};
  }

  /// The value that stands for the observations between two bounds.
  double middle(double lower, double upper) const {
    if (std::isinf(lower) && std::isinf(upper)) return 0;
    if (std::isinf(lower)) return upper > 0 ? upper / 2 : upper;
    if (std::isinf(upper)) return lower;
    if (histogram_.custom()) return (lower + upper) / 2;
    return std::copysign(std::sqrt(std::fabs(lower * upper)), upper > 0 ? 1.0 : -1.0);
  }

  FloatHistogram& histogram_;
  const double cut_;
  const bool below_;
  double count_ = 0, sum_ = 0;
  bool lost_ = false;
};

}  // namespace

void trim(FloatHistogram& histogram, double cut, TrimSide side) { Trimmer(histogram, cut, side).run(); }

}  // namespace tarsier::promql
