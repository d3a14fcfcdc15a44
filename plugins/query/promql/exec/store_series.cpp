#include "plugins/query/promql/exec/store_series.hpp"

#include "plugins/lib/promql/text.hpp"
#include "plugins/query/promql/exec/bordered_windows.hpp"
#include "plugins/query/promql/exec/column_scan.hpp"
#include "plugins/query/promql/exec/explanation.hpp"
#include "plugins/query/promql/exec/numeric.hpp"

namespace tarsier::promql {
namespace {

constexpr uint64_t kSeriesBetweenQuestions = 16;  // whether the query may go on; many take less time than to ask

bool look_back_plain(const WindowPlan& plan, const tarsier_series& series, bool timestamps, Column& out) {
  const size_t steps = plan.grid.count();
  out.resize(steps);
  bool any = false;
  size_t past = 0;
  for (size_t step = 0; step < steps; ++step) {
    const int64_t end = plan.end(step);
    while (past < series.sample_count && series.times_ns[past] <= end) ++past;
    if (past == 0 || series.times_ns[past - 1] <= earlier(end, plan.range_ns) || is_absent(series.values[past - 1])) {
      out[step] = kNothing;
      continue;
    }
    out[step] = timestamps ? seconds_of(series.times_ns[past - 1]) : series.values[past - 1];
    any = true;
  }
  return any;
}

}  // namespace

WindowPlan plan_of(const Grid& grid, const TimeModifiers& time, int64_t range_ns) {
  return {grid, range_ns, time.offset_ns, time.at_ns.has_value(), time.at_ns.value_or(0)};
}

Result<void> select_series(QueryContext& context, const VectorSelector& node, const WindowPlan& plan, std::string_view function,
                           bool is_range, const std::function<bool(const tarsier_series&)>& on_series, int64_t before_ns) {
  if (auto go_on = context.check(); !go_on) return go_on;
  std::vector<tarsier_matcher> matchers;
  matchers.reserve(node.matchers.size());
  for (const Matcher& matcher : node.matchers)
    matchers.push_back({static_cast<tarsier_match_op>(matcher.op), 0, str(matcher.name), str(matcher.value)});
  tarsier_select request{};
  request.size = sizeof(request);
  request.matcher_count = static_cast<uint32_t>(matchers.size());
  request.matchers = matchers.data();
  const int64_t reach = earlier(plan.first_start(), plan.reach_before_ns);
  request.start_ns = later(earlier(reach, before_ns), 1);  // windows are open on the left
  request.end_ns = later(plan.last_end(), plan.reach_after_ns);
  request.max_series = context.limits.max_series;
  request.step_ns = plan.grid.count() > 1 ? plan.grid.step_ns : context.step_ns;  // a subquery has steps of its own
  request.range_ns = is_range ? plan.range_ns : 0;
  request.function = str(function);
  request.cancel = context.store_cancel();
  request.warnings = context.store_warnings();
  // One step looks at one sample, unless what came before it matters, too.
  const bool newest = !is_range && plan.grid.count() == 1 && plan.reach_before_ns == 0 && plan.reach_after_ns == 0;
  if (newest && function != "start_timestamp") request.flags |= TARSIER_SELECT_NEWEST;
  struct Call {
    QueryContext& context;
    const std::function<bool(const tarsier_series&)>& on_series;
    SelectProbe probe;
  } call{context, on_series, SelectProbe(context, request, plan, !is_range)};
  tarsier_error error = empty_error();
  const tarsier_status status = context.store->select(
      context.store->self, &request, &call,
      [](void* user, const tarsier_series* series) -> int32_t {
        auto& to = *static_cast<Call*>(user);
        (void)to.context.samples_read.add(series->sample_count);
        to.probe.saw(*series);
        const uint64_t before = to.context.series_read.add(1);
        if (!to.on_series(*series)) return 0;
        return (before % kSeriesBetweenQuestions == 0 ? to.context.stopped() : to.context.broken()) ? 0 : 1;
      },
      &error);
  if (auto go_on = context.check(); !go_on) return go_on;
  return Result<void>::from_c(status, error);
}

LiveSamples::LiveSamples(const tarsier_series& series)
    : times_(series.times_ns), values_(series.values), count_(series.sample_count) {
  const size_t stale = count_absent(values_, count_);
  if (stale == 0) return;
  kept_times_.reserve(count_ - stale);
  kept_values_.reserve(count_ - stale);
  for (size_t i = 0; i < count_; ++i) {
    if (is_absent(values_[i])) continue;
    kept_times_.push_back(times_[i]);
    kept_values_.push_back(values_[i]);
  }
  times_ = kept_times_.data();
  values_ = kept_values_.data();
  count_ = kept_times_.size();
}

void SummaryNotes::add(const SummedSamples& samples, std::string text) {
  if (samples.last_sum_ns() <= plan_.first_start() || told_.exchange(true, std::memory_order_relaxed)) return;
  const std::string tier = write_duration(samples.tier_ns());
  if (!text.empty()) context_.inform(text + " of " + tier, position_);
  if (plan_.range_ns < samples.tier_ns())
    context_.inform("the range " + write_duration(plan_.range_ns) + " is widened to the summaries of " + tier, position_);
}

bool SeriesWindows::run(const tarsier_series& series, Column& out) {
  if (mode_ != RangeMode::kPlain) {
    if (has_summaries(series)) notes_.add(SummedSamples(series), "the samples are the last ones of summaries");
    const LiveSamples live(series);
    return run_bordered_windows(context_, plan_, call_.function->id, mode_, live.times(), live.values(), live.count(), out);
  }
  if (!has_summaries(series)) {
    const LiveSamples live(series);
    WindowLayout& layout = layouts_.mine([this] { return WindowLayout(plan_); });
    layout.fit(live.times(), live.count());
    return run_windows(context_, kernel_, arguments_, layout, live.values(), live.count(), out);
  }
  const SummaryKernel summed = summary_kernel_of(call_.function->id, kernel_);
  const SummedSamples samples(series);
  notes_.add(samples, summed.note != nullptr ? std::string(call_.function->name) + "() " + summed.note : "");
  return run_summed_windows(context_, plan_, kernel_, summed, arguments_, samples, out);
}

bool look_back(const WindowPlan& plan, const tarsier_series& series, bool timestamps, Column& out) {
  return has_summaries(series) ? look_back_summed(plan, series, timestamps, out) : look_back_plain(plan, series, timestamps, out);
}

}  // namespace tarsier::promql
