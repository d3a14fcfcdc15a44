// Sums that keep what rounding loses, quantiles, times as numbers: shared by aggregations and range functions.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

namespace tarsier::promql {

/// A time as queries see it: in seconds, whole milliseconds.
inline double seconds_of(int64_t time_ns) noexcept {
  const int64_t ms = time_ns / 1'000'000;
  return static_cast<double>(ms) / 1e3;
}

/// Neumaier's variant of Kahan's sum.
struct KahanSum {
  double sum = 0;
  double c = 0;

  void add(double value) noexcept {
    const double total = sum + value;
    if (std::isinf(total)) {
      c = 0;
    } else if (std::fabs(sum) >= std::fabs(value)) {
      c += (sum - total) + value;
    } else {
      c += (value - total) + sum;
    }
    sum = total;
  }
  double value() const noexcept { return std::isinf(sum) ? sum : sum + c; }
};

/// A mean by a sum, and by increments once the sum would overflow.
struct Mean {
  KahanSum total;
  double count = 0;
  double mean = 0;
  bool incremental = false;

  void add(double value) noexcept {
    count += 1;
    if (!incremental) {
      KahanSum next = total;
      next.add(value);
      if (count == 1 || !std::isinf(next.sum)) {
        total = next;
        return;
      }
      incremental = true;
      mean = total.sum / (count - 1);
      total.c /= count - 1;
    }
    const double q = (count - 1) / count;
    KahanSum step{q * mean, q * total.c};
    step.add(value / count);
    mean = step.sum;
    total.c = step.c;
  }
  /// Adds what was added to another one.
  void merge(const Mean& other) noexcept {
    if (other.count == 0) return;
    if (count == 0) {
      *this = other;
      return;
    }
    const double both = count + other.count;
    KahanSum next = total;
    next.add(other.total.sum);
    next.c += other.total.c;
    if (incremental || other.incremental || std::isinf(next.sum)) {
      mean = value() * (count / both) + other.value() * (other.count / both);
      total = KahanSum{};
      incremental = true;
    } else {
      total = next;
    }
    count = both;
  }
  double value() const noexcept { return incremental ? mean + total.c : total.sum / count + total.c / count; }
};

/// The greater of two numbers. NaN is greater than all but +Inf, as the original's language has it.
inline double greater_of(double a, double b) noexcept {
  if (std::isnan(a) || std::isnan(b)) return std::isinf(a) && a > 0 ? a : std::isinf(b) && b > 0 ? b : std::nan("");
  return std::max(a, b);
}
/// The lesser of two numbers. NaN is less than all but -Inf.
inline double lesser_of(double a, double b) noexcept { return -greater_of(-a, -b); }

/// Sorts `values`; NaN counts as the smallest. NaN for none.
double quantile(double q, std::vector<double>& values);

/// Equal within a relative tolerance; two NaN are equal.
bool almost_equal(double a, double b, double tolerance);

}  // namespace tarsier::promql
