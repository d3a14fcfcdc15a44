// WindowLayout: which samples of a series lie in which window, by their times. Series of one scrape have the same times, so what
// was found for one serves those that come after it.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "plugins/query/promql/exec/window.hpp"

namespace tarsier::promql {

class WindowLayout {
 public:
  /// The plan outlives the layout.
  explicit WindowLayout(const WindowPlan& plan);

  /// Lays the windows over these times, which ascend; at once when they are those of the call before. They are copied.
  void fit(const int64_t* times, size_t count);

  size_t steps() const noexcept { return steps_; }
  size_t count(size_t step) const noexcept { return bounds_[step].past - bounds_[step].first; }
  size_t first(size_t step) const noexcept { return bounds_[step].first; }
  size_t last(size_t step) const noexcept { return bounds_[step].past - 1; }
  /// `values`: one for each time; `rising`: none is below the one before.
  Window at(size_t step, const double* values, bool rising) const noexcept;

  /// What extrapolation makes of a window, apart from its values.
  struct Extrapolation {
    double zero_ratio;  // a first value below this part of the change: the counter may have begun within the window
    double increase;    // what the change is multiplied with otherwise
    double rate;
  };
  /// One for each step; those of windows with fewer than two samples mean nothing.
  std::span<const Extrapolation> extrapolations();

 private:
  struct Bounds {
    uint32_t first = 0;
    uint32_t past = 0;
  };
  Window window(size_t step, const double* values, bool rising) const noexcept;

  const WindowPlan& plan_;
  const size_t steps_;
  std::vector<int64_t> times_;
  std::vector<Bounds> bounds_;
  std::vector<Extrapolation> extrapolations_;
  bool extrapolated_ = false;  // these are of bounds_
};

}  // namespace tarsier::promql
