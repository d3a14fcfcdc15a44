// Anchored and smoothed ranges: what happens between two samples counts up to the borders of the window. An anchored range takes
// the last sample before it for its beginning, a smoothed one draws lines between the samples on both sides of its borders. Both
// look as far beyond their borders as a lookback reaches.
#pragma once

#include "plugins/query/promql/exec/window.hpp"

namespace tarsier::promql {

/// `plan` with the samples beyond its windows that the mode needs.
WindowPlan with_borders(WindowPlan plan, RangeMode mode, int64_t lookback_ns);

/// Runs rate, increase, delta, changes or resets on the windows of a series (without staleness markers); returns whether any step
/// has a result. Ends early, with false, when the query is stopped. `plan`: by with_borders().
bool run_bordered_windows(const QueryContext& context, const WindowPlan& plan, FunctionId function, RangeMode mode,
                          const int64_t* times, const double* values, size_t count, Column& out);

/// A smoothed instant selector: at each step the value on the line between the samples around it, the last sample where none
/// follows. `plan`: by with_borders(), its range the lookback.
bool smooth_at_steps(const WindowPlan& plan, const int64_t* times, const double* values, size_t count, Column& out);

/// An anchored or smoothed range as it is: the samples of the first window with one drawn on each border, added to `out`. `plan`:
/// by with_borders().
void draw_borders(const WindowPlan& plan, RangeMode mode, const int64_t* times, const double* values, size_t count, RawSeries& out);

}  // namespace tarsier::promql
