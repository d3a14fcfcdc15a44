// What selectors ask of the store, and how a series that it brings becomes a column.
#pragma once

#include <atomic>
#include <functional>
#include <string>

#include "plugins/lib/promql/ast.hpp"
#include "plugins/query/promql/exec/per_thread.hpp"
#include "plugins/query/promql/exec/summaries.hpp"
#include "plugins/query/promql/exec/value.hpp"
#include "plugins/query/promql/exec/window_layout.hpp"

namespace tarsier::promql {

WindowPlan plan_of(const Grid& grid, const TimeModifiers& time, int64_t range_ns);

/// One call of the store: `on_series(series)` for each, on several threads; false ends it. `before_ns`: how much earlier than the
/// plan to begin.
Result<void> select_series(QueryContext& context, const VectorSelector& node, const WindowPlan& plan, std::string_view function,
                           bool is_range, const std::function<bool(const tarsier_series&)>& on_series, int64_t before_ns = 0);

/// The samples of a series without staleness markers: as they came when there are none.
class LiveSamples {
 public:
  explicit LiveSamples(const tarsier_series& series);
  const int64_t* times() const noexcept { return times_; }
  const double* values() const noexcept { return values_; }
  size_t count() const noexcept { return count_; }

 private:
  const int64_t* times_;
  const double* values_;
  size_t count_;
  std::vector<int64_t> kept_times_;
  std::vector<double> kept_values_;
};

/// Says once what is not true of an answer from summaries.
class SummaryNotes {
 public:
  SummaryNotes(QueryContext& context, const WindowPlan& plan, Position position)
      : context_(context), plan_(plan), position_(position) {}
  void add(const SummedSamples& samples, std::string text);

 private:
  QueryContext& context_;
  const WindowPlan& plan_;
  const Position position_;
  std::atomic<bool> told_{false};
};

/// A range function over series without histograms: summaries too. For several threads.
class SeriesWindows {
 public:
  /// All of it outlives the object. `mode`: of the selector.
  SeriesWindows(QueryContext& context, const CallNode& call, const WindowKernel& kernel, const KernelArguments& arguments,
                const WindowPlan& plan, RangeMode mode)
      : context_(context),
        call_(call),
        kernel_(kernel),
        arguments_(arguments),
        plan_(plan),
        mode_(mode),
        notes_(context, plan, call.position) {}
  /// Whether any step has a result.
  bool run(const tarsier_series& series, Column& out);

 private:
  QueryContext& context_;
  const CallNode& call_;
  const WindowKernel& kernel_;
  const KernelArguments& arguments_;
  const WindowPlan& plan_;
  const RangeMode mode_;
  SummaryNotes notes_;
  PerThread<WindowLayout> layouts_;
};

/// The newest sample of each step's lookback window, of a series without histograms; a staleness marker means none. `timestamps`:
/// their times instead of their values. Returns whether any step has one.
bool look_back(const WindowPlan& plan, const tarsier_series& series, bool timestamps, Column& out);

}  // namespace tarsier::promql
