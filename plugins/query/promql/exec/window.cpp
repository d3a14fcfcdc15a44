#include "plugins/query/promql/exec/window.hpp"

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

}  // namespace

bool run_windows(const QueryContext& context, const WindowPlan& plan, const WindowKernel& kernel, const KernelArguments& arguments,
                 const int64_t* times, const double* values, size_t count, Column& out) {
  const size_t steps = plan.grid.count();
  out.resize(steps);
  std::vector<double> scratch;
  StepArguments at_step;
  at_step.scratch = &scratch;
  const bool rising = !kernel.counter || never_falls(values, count);
  bool any = false;
  size_t first = 0;
  size_t past = 0;
  size_t since_asked = 0;
  for (size_t step = 0; step < steps; ++step) {
    if (since_asked > kSamplesBetweenQuestions) {
      if (context.stopped()) return false;
      since_asked = 0;
    }
    const int64_t end = plan.end(step);
    const int64_t start = earlier(end, plan.range_ns);
    while (past < count && times[past] <= end) ++past;
    while (first < past && times[first] <= start) ++first;
    if (first == past) {
      out[step] = kNothing;
      continue;
    }
    if (!arguments.first.empty()) at_step.first = arguments.first[step];
    if (!arguments.second.empty()) at_step.second = arguments.second[step];
    const Window window = {times + first, values + first, past - first, start, end, plan.grid.time(step), rising};
    out[step] = kernel.function(window, at_step);
    since_asked += window.count;
    any = any || is_present(out[step]);
  }
  return any;
}

}  // namespace tarsier::promql
