#include "plugins/query/promql/exec/numeric.hpp"

#include <algorithm>
#include <limits>

namespace tarsier::promql {

double quantile(double q, std::vector<double>& values) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (values.empty() || std::isnan(q)) return std::numeric_limits<double>::quiet_NaN();
  if (q < 0) return -kInfinity;
  if (q > 1) return kInfinity;
  const double last = static_cast<double>(values.size()) - 1;
  const double rank = q * last;
  const double lower = std::max(0.0, std::floor(rank));
  const double upper = std::min(last, lower + 1);
  const auto less = [](double a, double b) { return std::isnan(a) ? !std::isnan(b) : a < b; };
  const auto at_lower = values.begin() + static_cast<std::ptrdiff_t>(lower);
  std::nth_element(values.begin(), at_lower, values.end(), less);
  const double weight = rank - std::floor(rank);
  double next = *at_lower;
  if (upper > lower) next = *std::min_element(at_lower + 1, values.end(), less);
  return *at_lower * (1 - weight) + next * weight;
}

bool almost_equal(double a, double b, double tolerance) {
  constexpr double kSmallest = std::numeric_limits<double>::min();
  if (std::isnan(a) && std::isnan(b)) return true;
  if (a == b) return true;
  const double sum = std::fabs(a) + std::fabs(b);
  const double difference = std::fabs(a - b);
  if (a == 0 || b == 0 || sum < kSmallest) return difference < tolerance * kSmallest;
  return difference / std::min(sum, std::numeric_limits<double>::max()) < tolerance;
}

}  // namespace tarsier::promql
