// What rate(), increase() and delta() make of a window: the difference between the last and the first sample, extrapolated to the
// borders of the window when the samples come close enough to them.
#pragma once

#include <algorithm>

#include "plugins/query/promql/exec/window.hpp"

namespace tarsier::promql {

/// How far the samples of a window, two at least, reach. Values do not matter here.
class Reach {
 public:
  explicit Reach(const Window& window) noexcept
      : sampled_(seconds(window.times[window.count - 1] - window.times[0])), range_(seconds(window.end_ns - window.start_ns)) {
    const double to_start = seconds(window.times[0] - window.start_ns);
    const double to_end = seconds(window.end_ns - window.times[window.count - 1]);
    const double gap = sampled_ / static_cast<double>(window.count - 1), threshold = gap * 1.1;
    before_ = to_start >= threshold ? gap / 2 : to_start;
    after_ = to_end >= threshold ? gap / 2 : to_end;
  }
  /// Seconds: between the samples, of the window, and how far to extrapolate to its start.
  double sampled() const noexcept { return sampled_; }
  double range() const noexcept { return range_; }
  double before() const noexcept { return before_; }
  /// The same for a counter, which starts at zero and is never followed to before that.
  double before_of_counter(double first, double change) const noexcept {
    return first >= 0 && change > 0 ? std::min(before_, sampled_ * (first / change)) : before_;
  }
  /// What the change is multiplied with, extrapolated so far to the start.
  double factor(double before) const noexcept { return (sampled_ + before + after_) / sampled_; }

 private:
  static double seconds(int64_t ns) noexcept { return static_cast<double>(ns) / 1e9; }

  double sampled_, range_;
  double before_, after_;
};

}  // namespace tarsier::promql
