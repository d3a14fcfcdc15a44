// What rate(), increase() and delta() make of windows: the difference between the last and the first sample, extrapolated to the
// borders of the window when the samples come close enough to them. Of several windows at once, so that the compiler puts the
// divisions, which are most of the work, side by side.
#pragma once

#include "plugins/query/promql/exec/window.hpp"

namespace tarsier::promql {

class Extrapolation {
 public:
  /// A window with two samples at least. `lost`: at resets of a counter.
  void add(const Window& window, double lost) noexcept {
    const size_t last = window.count - 1;
    first_[count_] = window.values[0];
    result_[count_] = window.values[last] - window.values[0] + lost;
    to_start_[count_] = static_cast<double>(window.times[0] - window.start_ns);
    to_end_[count_] = static_cast<double>(window.end_ns - window.times[last]);
    sampled_[count_] = static_cast<double>(window.times[last] - window.times[0]);
    range_[count_] = static_cast<double>(window.end_ns - window.start_ns);
    gaps_[count_] = static_cast<double>(last);
    ++count_;
  }
  template <bool kCounter, bool kRate>
  void run() noexcept {
    for (size_t i = 0; i < count_; ++i) {
      const double sampled = sampled_[i] / 1e9, to_start = to_start_[i] / 1e9, to_end = to_end_[i] / 1e9;
      const double gap = sampled / gaps_[i], threshold = gap * 1.1;
      double before = to_start >= threshold ? gap / 2 : to_start;
      if constexpr (kCounter) {
        // A counter starts at zero: never extrapolate to before that.
        const double to_zero = sampled * (first_[i] / result_[i]);
        const double rising = result_[i] > 0 ? std::min(before, to_zero) : before;
        before = first_[i] >= 0 ? rising : before;
      }
      const double after = to_end >= threshold ? gap / 2 : to_end;
      double factor = (sampled + before + after) / sampled;
      if constexpr (kRate) factor /= range_[i] / 1e9;
      result_[i] *= factor;
    }
  }
  /// Of the window that was added as the i-th, once run() is done.
  double result(size_t i) const noexcept { return result_[i]; }

 private:
  size_t count_ = 0;
  double first_[kWindowsAtOnce];
  double result_[kWindowsAtOnce];
  double to_start_[kWindowsAtOnce], to_end_[kWindowsAtOnce], sampled_[kWindowsAtOnce], range_[kWindowsAtOnce];  // ns
  double gaps_[kWindowsAtOnce];  // between samples
};

}  // namespace tarsier::promql
