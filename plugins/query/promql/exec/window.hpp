// Range functions: each is a kernel over the samples of one window; windows slide over the columns of a series without copying.
#pragma once

#include <cstdint>
#include <vector>

#include "plugins/lib/promql/functions.hpp"
#include "plugins/query/promql/exec/scalar.hpp"
#include "plugins/query/promql/plan/prepare.hpp"

namespace tarsier::promql {

class QueryContext;
class WindowLayout;

/// What summaries have besides time and value, as tarsier_series has it.
struct SummaryColumns {
  const double *counts, *sums, *mins, *maxs, *drops;
};

/// The samples of one window, (start, end], at least one.
struct Window {
  const int64_t* times;
  const double* values;
  size_t count;
  int64_t start_ns;
  int64_t end_ns;
  int64_t now_ns;                             // of the step
  bool rising;                                // no value of the whole series is below the one before it
  const SummaryColumns* summaries = nullptr;  // of the same rows; null: none is a summary
};

/// The scalar arguments of the call, at one step.
struct StepArguments {
  double first = 0;
  double second = 0;
  std::vector<double>* scratch = nullptr;
};

/// kNothing: no result at this step.
using WindowFunction = double (*)(const Window& window, const StepArguments& arguments);

/// The windows of the steps [from, past) at once, of which some may be empty; for functions without arguments.
using WindowsFunction = void (*)(WindowLayout& layout, const double* values, bool rising, size_t from, size_t past, double* out);

struct WindowKernel {
  WindowFunction function = nullptr;
  WindowsFunction many = nullptr;  // does the same; null: one by one
  bool keeps_name = false;
  bool counter = false;  // looks for resets
};
/// The kernel of a range function.
WindowKernel kernel_of(FunctionId id);

/// The scalar arguments at all steps; empty when the function has none.
struct KernelArguments {
  Scalar first;
  Scalar second;
};

/// Where the windows of a selector or subquery lie.
struct WindowPlan {
  Grid grid;
  int64_t range_ns = 0;
  int64_t offset_ns = 0;
  bool fixed = false;  // @: all windows end at at_ns - offset_ns
  int64_t at_ns = 0;
  int64_t reach_before_ns = 0, reach_after_ns = 0;  // samples beyond the windows that are needed, too

  int64_t end(size_t step) const noexcept { return earlier(fixed ? at_ns : grid.time(step), offset_ns); }
  int64_t first_start() const noexcept { return earlier(end(0), range_ns); }
  int64_t last_end() const noexcept { return end(grid.count() - 1); }
};

/// Runs the kernel on each window of a series (without staleness markers), of which the layout has the times; returns whether any
/// step has a result. Ends early, with false, when the query is stopped.
bool run_windows(const QueryContext& context, const WindowKernel& kernel, const KernelArguments& arguments, WindowLayout& layout,
                 const double* values, size_t count, Column& out);

}  // namespace tarsier::promql
