#include "plugins/query/promql/exec/window.hpp"

#include <algorithm>
#include <array>

#include "plugins/query/promql/exec/query_context.hpp"

namespace tarsier::promql {
namespace {

/// A query that was cancelled or is out of time ends within so much work.
constexpr size_t kSamplesBetweenQuestions = size_t{1} << 18U;

bool never_falls(const double* values, size_t count) {
  size_t falls = 0;
  for (size_t i = 1; i < count; ++i) falls += values[i] < values[i - 1] ? 1 : 0;
  return falls == 0;
}

/// The windows of a series, one step after the other.
class SlidingWindow {
 public:
  SlidingWindow(const WindowPlan& plan, const int64_t* times, const double* values, size_t count, bool rising)
      : plan_(plan), times_(times), values_(values), count_(count), rising_(rising) {}
  /// May be empty.
  Window at(size_t step) noexcept {
    const int64_t end = plan_.end(step), start = earlier(end, plan_.range_ns);
    while (past_ < count_ && times_[past_] <= end) ++past_;
    while (first_ < past_ && times_[first_] <= start) ++first_;
    return {times_ + first_, values_ + first_, past_ - first_, start, end, plan_.grid.time(step), rising_};
  }

 private:
  const WindowPlan& plan_;
  const int64_t* times_;
  const double* values_;
  size_t count_;
  bool rising_;
  size_t first_ = 0, past_ = 0;
};

}  // namespace

bool run_windows(const QueryContext& context, const WindowPlan& plan, const WindowKernel& kernel, const KernelArguments& arguments,
                 const int64_t* times, const double* values, size_t count, Column& out) {
  const size_t steps = plan.grid.count();
  out.resize(steps);
  std::vector<double> scratch;
  StepArguments at_step;
  at_step.scratch = &scratch;
  SlidingWindow sliding(plan, times, values, count, !kernel.counter || never_falls(values, count));
  std::array<Window, kWindowsAtOnce> windows;
  size_t since_asked = 0;
  for (size_t base = 0; base < steps; base += kWindowsAtOnce) {
    const size_t some = std::min(kWindowsAtOnce, steps - base);
    for (size_t i = 0; i < some; ++i) {
      windows[i] = sliding.at(base + i);
      since_asked += windows[i].count;
      if (since_asked > kSamplesBetweenQuestions) {
        if (context.stopped()) return false;
        since_asked = 0;
      }
      if (kernel.many != nullptr) continue;
      if (!arguments.first.empty()) at_step.first = arguments.first[base + i];
      if (!arguments.second.empty()) at_step.second = arguments.second[base + i];
      out[base + i] = windows[i].count == 0 ? kNothing : kernel.function(windows[i], at_step);
    }
    if (kernel.many != nullptr) kernel.many(windows.data(), some, out.data() + base);
  }
  return std::any_of(out.begin(), out.end(), is_present);
}

}  // namespace tarsier::promql
