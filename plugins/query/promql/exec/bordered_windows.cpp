#include "plugins/query/promql/exec/bordered_windows.hpp"

#include <algorithm>

#include "plugins/query/promql/exec/query_context.hpp"

namespace tarsier::promql {
namespace {

constexpr size_t kSamplesBetweenQuestions = size_t{1} << 18U;

/// The samples in the window and as far around it as its borders may look, at least one.
struct Reach {
  const int64_t* times;
  const double* values;
  size_t count;
  int64_t start_ns, end_ns;  // of the window, open on the left
};

/// The value at a time between the samples `i` and `i + 1`. A counter that was reset between them began at zero.
double between(const Reach& reach, size_t i, int64_t time_ns, bool counter) {
  const double after = reach.values[i + 1];
  const double before = counter && after < reach.values[i] ? 0 : reach.values[i];
  const auto part = static_cast<double>(time_ns - reach.times[i]);
  return before + (after - before) * part / static_cast<double>(reach.times[i + 1] - reach.times[i]);
}

/// The last sample at or before the start of the window, or the first of all.
size_t anchor_of(const Reach& reach) {
  const auto after = static_cast<size_t>(std::upper_bound(reach.times, reach.times + reach.count, reach.start_ns) - reach.times);
  return after == 0 ? 0 : after - 1;
}

/// What a counter lost on its way from `left` over the samples from `first` up to `past` to `right`.
double lost_at_resets(const Reach& reach, double left, size_t first, size_t past, double right) {
  double lost = 0;
  double before = left;
  for (size_t i = first; i < past; ++i) {
    if (reach.values[i] < before) lost += before;
    before = reach.values[i];
  }
  return right < before ? lost + before : lost;
}

/// increase and delta from border to border.
double change_over(const Reach& reach, bool smoothed, bool counter) {
  size_t first = anchor_of(reach);
  size_t last = reach.count - 1;
  if (smoothed) last = static_cast<size_t>(std::lower_bound(reach.times, reach.times + last, reach.end_ns) - reach.times);
  if (reach.times[last] <= reach.start_ns || reach.times[first] > reach.end_ns) return kNothing;
  const bool left_drawn = smoothed && reach.times[first] < reach.start_ns;
  const bool right_drawn = smoothed && last > 0 && reach.times[last] > reach.end_ns;
  const double left = left_drawn ? between(reach, first, reach.start_ns, counter) : reach.values[first];
  const double right = right_drawn ? between(reach, last - 1, reach.end_ns, counter) : reach.values[last];
  if (!counter) return right - left;
  if (reach.times[first] <= reach.start_ns) ++first;
  const size_t past = reach.times[last] >= reach.end_ns ? last : last + 1;
  return right - left + lost_at_resets(reach, left, first, past, right);
}

/// changes and resets, with the step from the anchor into the window.
double count_from_anchor(const Reach& reach, const WindowKernel& kernel, int64_t now_ns) {
  if (reach.times[reach.count - 1] <= reach.start_ns) return kNothing;
  const size_t anchor = anchor_of(reach);
  const Window window = {
      reach.times + anchor, reach.values + anchor, reach.count - anchor, reach.start_ns, reach.end_ns, now_ns, false};
  return kernel.function(window, {});
}

double evaluate(const Reach& reach, FunctionId function, RangeMode mode, int64_t now_ns) {
  const bool smoothed = mode == RangeMode::kSmoothed;
  switch (function) {
    case FunctionId::kRate: {
      const double change = change_over(reach, smoothed, true);
      return is_absent(change) ? change : change / (static_cast<double>(reach.end_ns - reach.start_ns) / 1e9);
    }
    case FunctionId::kIncrease:
      return change_over(reach, smoothed, true);
    case FunctionId::kDelta:
      return change_over(reach, smoothed, false);
    default:
      return count_from_anchor(reach, kernel_of(function), now_ns);
  }
}

}  // namespace

WindowPlan with_borders(WindowPlan plan, RangeMode mode, int64_t lookback_ns) {
  if (mode != RangeMode::kPlain) plan.reach_before_ns = lookback_ns;
  if (mode == RangeMode::kSmoothed) plan.reach_after_ns = lookback_ns;
  return plan;
}

bool run_bordered_windows(const QueryContext& context, const WindowPlan& plan, FunctionId function, RangeMode mode,
                          const int64_t* times, const double* values, size_t count, Column& out) {
  const size_t steps = plan.grid.count();
  out.assign(steps, kNothing);
  bool any = false;
  size_t first = 0, past = 0, since_asked = 0;
  for (size_t step = 0; step < steps; ++step) {
    if (since_asked > kSamplesBetweenQuestions) {
      if (context.stopped()) return false;
      since_asked = 0;
    }
    const int64_t end = plan.end(step);
    const int64_t start = earlier(end, plan.range_ns);
    while (past < count && times[past] <= later(end, plan.reach_after_ns)) ++past;
    while (first < past && times[first] <= earlier(start, plan.reach_before_ns)) ++first;
    if (first == past) continue;
    out[step] = evaluate({times + first, values + first, past - first, start, end}, function, mode, plan.grid.time(step));
    since_asked += past - first;
    any = any || is_present(out[step]);
  }
  return any;
}

void draw_borders(const WindowPlan& plan, RangeMode mode, const int64_t* times, const double* values, size_t count,
                  RawSeries& out) {
  if (count == 0) return;
  const int64_t end = plan.end(0);
  const Reach reach = {times, values, count, earlier(end, plan.range_ns), end};
  const bool smoothed = mode == RangeMode::kSmoothed;
  const size_t first = anchor_of(reach);
  size_t last = count - 1;
  if (smoothed) last = static_cast<size_t>(std::lower_bound(times, times + last, end) - times);
  if (times[last] <= reach.start_ns) return;
  const auto add = [&](int64_t time_ns, double value) {
    out.times_ns.push_back(time_ns);
    out.values.push_back(value);
  };
  const bool left_drawn = smoothed && times[first] < reach.start_ns;
  add(reach.start_ns, left_drawn ? between(reach, first, reach.start_ns, false) : values[first]);
  for (size_t i = first; i <= last && times[i] < end; ++i)
    if (times[i] > reach.start_ns) add(times[i], values[i]);
  const bool right_drawn = smoothed && last > 0 && times[last] > end;
  add(end, right_drawn ? between(reach, last - 1, end, false) : values[last]);
}

bool smooth_at_steps(const WindowPlan& plan, const int64_t* times, const double* values, size_t count, Column& out) {
  const size_t steps = plan.grid.count();
  out.assign(steps, kNothing);
  bool any = false;
  size_t next = 0;  // the first sample after the step
  for (size_t step = 0; step < steps; ++step) {
    const int64_t now = plan.end(step);
    while (next < count && times[next] <= now) ++next;
    if (next == 0 || times[next - 1] <= earlier(now, plan.range_ns)) continue;
    const bool followed = next < count && times[next] <= later(now, plan.reach_after_ns) && times[next - 1] != now;
    const Reach around = {times + next - 1, values + next - 1, 2, now, now};
    out[step] = followed ? between(around, 0, now, false) : values[next - 1];
    any = true;
  }
  return any;
}

}  // namespace tarsier::promql
