#include "plugins/query/promql/exec/window_layout.hpp"

#include <cstring>

#include "plugins/query/promql/exec/extrapolation.hpp"

namespace tarsier::promql {

WindowLayout::WindowLayout(const WindowPlan& plan) : plan_(plan), steps_(plan.grid.count()), bounds_(steps_) {}

void WindowLayout::fit(const int64_t* times, size_t count) {
  if (count != 0 && count == times_.size() && std::memcmp(times, times_.data(), count * sizeof(*times)) == 0) return;
  times_.assign(times, times + count);
  extrapolated_ = false;
  uint32_t first = 0, past = 0;
  for (size_t step = 0; step < steps_; ++step) {
    const int64_t end = plan_.end(step), start = earlier(end, plan_.range_ns);
    while (past < count && times[past] <= end) ++past;
    while (first < past && times[first] <= start) ++first;
    bounds_[step] = {first, past};
  }
}

Window WindowLayout::at(size_t step, const double* values, bool rising) const noexcept {
  return window(step, values + bounds_[step].first, rising);
}

/// With the values of its samples, where these matter.
Window WindowLayout::window(size_t step, const double* values, bool rising) const noexcept {
  const int64_t end = plan_.end(step);
  return {
      times_.data() + bounds_[step].first, values, count(step), earlier(end, plan_.range_ns), end, plan_.grid.time(step), rising};
}

std::span<const WindowLayout::Extrapolation> WindowLayout::extrapolations() {
  if (extrapolated_) return extrapolations_;
  extrapolations_.resize(steps_);
  for (size_t step = 0; step < steps_; ++step) {
    if (count(step) < 2) continue;
    const Reach reach(window(step, nullptr, false));
    const double increase = reach.factor(reach.before());
    // Wide enough for what rounding does to the exact comparison, which is made for those below it.
    extrapolations_[step] = {reach.before() / reach.sampled() * (1 + 1e-9), increase, increase / reach.range()};
  }
  extrapolated_ = true;
  return extrapolations_;
}

}  // namespace tarsier::promql
