#include "plugins/query/promql/exec/window.hpp"

#include <algorithm>

#include "plugins/query/promql/exec/column_scan.hpp"
#include "plugins/query/promql/exec/query_context.hpp"
#include "plugins/query/promql/exec/window_layout.hpp"

namespace tarsier::promql {
namespace {

/// A query that was cancelled or is out of time ends within so much work.
constexpr size_t kSamplesBetweenQuestions = size_t{1} << 18U;

/// The step up to which windows from `from` on are no more work than that.
size_t steps_between_questions(const WindowLayout& layout, size_t from) {
  size_t samples = 0, past = from;
  while (past < layout.steps() && samples <= kSamplesBetweenQuestions) samples += layout.count(past++);
  return past;
}

}  // namespace

bool run_windows(const QueryContext& context, const WindowKernel& kernel, const KernelArguments& arguments, WindowLayout& layout,
                 const double* values, size_t count, Column& out) {
  const size_t steps = layout.steps();
  out.resize(steps);
  const bool rising = !kernel.counter || never_falls(values, count);
  std::vector<double> scratch;
  StepArguments at_step;
  at_step.scratch = &scratch;
  for (size_t from = 0, past = 0; from < steps; from = past) {
    if (from != 0 && context.stopped()) return false;
    past = steps_between_questions(layout, from);
    if (kernel.many != nullptr) {
      kernel.many(layout, values, rising, from, past, out.data());
      continue;
    }
    for (size_t step = from; step < past; ++step) {
      if (!arguments.first.empty()) at_step.first = arguments.first[step];
      if (!arguments.second.empty()) at_step.second = arguments.second[step];
      out[step] = layout.count(step) == 0 ? kNothing : kernel.function(layout.at(step, values, rising), at_step);
    }
  }
  return std::any_of(out.begin(), out.end(), is_present);
}

}  // namespace tarsier::promql
