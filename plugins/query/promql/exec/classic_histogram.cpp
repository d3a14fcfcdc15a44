#include "plugins/query/promql/exec/classic_histogram.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "plugins/query/promql/exec/numeric.hpp"

namespace tarsier::promql {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kTolerance = 1e-12;  // of counts that fall by rounding only

/// Sorted by bound, buckets of the same bound added; false without one for +Inf.
bool order(std::vector<Bucket>& buckets) {
  if (buckets.empty()) return false;
  std::stable_sort(buckets.begin(), buckets.end(), [](const Bucket& a, const Bucket& b) { return a.upper < b.upper; });
  if (!(std::isinf(buckets.back().upper) && buckets.back().upper > 0)) return false;
  size_t kept = 0;
  for (size_t i = 1; i < buckets.size(); ++i) {
    if (buckets[i].upper == buckets[kept].upper) {
      buckets[kept].count += buckets[i].count;
    } else {
      buckets[++kept] = buckets[i];
    }
  }
  buckets.resize(kept + 1);
  return true;
}

bool make_monotonic(std::vector<Bucket>& buckets) {
  bool forced = false;
  double previous = buckets[0].count;
  for (size_t i = 1; i < buckets.size(); ++i) {
    double& count = buckets[i].count;
    if (count == previous) continue;
    if (almost_equal(previous, count, kTolerance)) {
      count = previous;
    } else if (count < previous) {
      count = previous;
      forced = true;
    } else {
      previous = count;
    }
  }
  return forced;
}

}  // namespace

BucketQuantile bucket_quantile(double q, std::vector<Bucket>& buckets) {
  if (std::isnan(q)) return {kNaN};
  if (q < 0) return {-kInfinity};
  if (q > 1) return {kInfinity};
  if (!order(buckets)) return {kNaN};
  const bool forced = make_monotonic(buckets);
  if (buckets.size() < 2) return {kNaN, forced};
  const double observations = buckets.back().count;
  if (observations == 0) return {kNaN, forced};
  double rank = q * observations;
  const auto found = std::find_if(buckets.begin(), buckets.end() - 1, [&](const Bucket& bucket) { return bucket.count >= rank; });
  const auto at = static_cast<size_t>(found - buckets.begin());
  if (at == buckets.size() - 1) return {buckets[buckets.size() - 2].upper, forced};
  if (at == 0 && buckets[0].upper <= 0) return {buckets[0].upper, forced};
  double lower = 0;
  double count = buckets[at].count;
  if (at > 0) {
    lower = buckets[at - 1].upper;
    count -= buckets[at - 1].count;
    rank -= buckets[at - 1].count;
  }
  return {lower + (buckets[at].upper - lower) * (rank / count), forced};
}

double bucket_fraction(double lower, double upper, std::vector<Bucket>& buckets) {
  if (!order(buckets)) return kNaN;
  make_monotonic(buckets);
  const double total = buckets.back().count;
  if (total == 0 || std::isnan(lower) || std::isnan(upper)) return kNaN;
  if (lower >= upper) return 0;
  // How many observations lie below a value, interpolated within its bucket.
  const auto rank_of = [&](double value) {
    double below = 0;
    for (size_t i = 0; i < buckets.size(); ++i) {
      const double from = i > 0 ? buckets[i - 1].upper : buckets[0].upper > 0 ? 0 : -kInfinity;
      if (from >= value) return below;
      if (buckets[i].upper > value) {
        const double to = buckets[i].upper;
        if (std::isinf(from)) return buckets[i].count;  // nowhere to interpolate from
        if (std::isinf(to)) return below;
        return below + (buckets[i].count - below) * (value - from) / (to - from);
      }
      below = buckets[i].count;
    }
    return total;
  };
  return (std::min(rank_of(upper), total) - std::min(rank_of(lower), total)) / total;
}

}  // namespace tarsier::promql
