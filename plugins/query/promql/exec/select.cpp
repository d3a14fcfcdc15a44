// Selectors: the store hands over whole series, and each is turned into a column of results at once, on the thread that brings it.
#include <algorithm>
#include <atomic>
#include <mutex>
#include <utility>

#include "plugins/lib/promql/text.hpp"
#include "plugins/query/promql/exec/bordered_windows.hpp"
#include "plugins/query/promql/exec/evaluator.hpp"
#include "plugins/query/promql/exec/explanation.hpp"
#include "plugins/query/promql/exec/mixed_borders.hpp"
#include "plugins/query/promql/exec/mixed_windows.hpp"
#include "plugins/query/promql/exec/numeric.hpp"
#include "plugins/query/promql/exec/summaries.hpp"

namespace tarsier::promql {
namespace {

/// The samples of a series without staleness markers: as they came when there are none.
class LiveSamples {
 public:
  explicit LiveSamples(const tarsier_series& series)
      : times_(series.times_ns), values_(series.values), count_(series.sample_count) {
    size_t stale = 0;
    for (size_t i = 0; i < count_; ++i) stale += is_absent(values_[i]) ? 1 : 0;
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

/// Collects what callbacks of several threads make of series, in the order of the store's ids, so that answers do not depend on
/// timing.
template <class T>
class Collector {
 public:
  explicit Collector(QueryContext& context) : context_(context) {}
  Collector(const Collector&) = delete;
  Collector& operator=(const Collector&) = delete;
  ~Collector() { context_.let_go(samples_); }

  /// `samples`: what it weighs against the limit until it is taken; the limit ends the select.
  void add(uint64_t id, T item, uint64_t samples) {
    const std::lock_guard lock(mutex_);
    samples_ += samples;
    if (!context_.hold(samples)) return;
    items_.emplace_back(id, std::move(item));
  }
  std::vector<T> take() {
    std::sort(items_.begin(), items_.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    std::vector<T> out;
    out.reserve(items_.size());
    for (auto& [id, item] : items_) out.push_back(std::move(item));
    context_.let_go(std::exchange(samples_, 0));
    return out;
  }

 private:
  QueryContext& context_;
  uint64_t samples_ = 0;
  std::mutex mutex_;
  std::vector<std::pair<uint64_t, T>> items_;
};

WindowPlan plan_of(const Grid& grid, const TimeModifiers& time, int64_t range_ns) {
  return {grid, range_ns, time.offset_ns, time.at_ns.has_value(), time.at_ns.value_or(0)};
}

/// Says once what is not true of an answer from summaries.
class SummaryNotes {
 public:
  SummaryNotes(QueryContext& context, const WindowPlan& plan, Position position)
      : context_(context), plan_(plan), position_(position) {}
  void add(const SummedSamples& samples, std::string text) {
    if (samples.last_sum_ns() <= plan_.first_start() || told_.exchange(true, std::memory_order_relaxed)) return;
    const std::string tier = write_duration(samples.tier_ns());
    if (!text.empty()) context_.inform(text + " of " + tier, position_);
    if (plan_.range_ns < samples.tier_ns())
      context_.inform("the range " + write_duration(plan_.range_ns) + " is widened to the summaries of " + tier, position_);
  }

 private:
  QueryContext& context_;
  const WindowPlan& plan_;
  const Position position_;
  std::atomic<bool> told_{false};
};

/// A store gives the summaries before a range, too, which windows need but not who asks for the samples themselves.
void leave_out_before(int64_t start_ns, tarsier_series& series) {
  const size_t count =
      static_cast<size_t>(std::upper_bound(series.times_ns, series.times_ns + series.sample_count, start_ns) - series.times_ns);
  series.sample_count -= count;
  for (const int64_t** column : {&series.times_ns, &series.starts_ns})
    if (*column != nullptr) *column += count;
  if (series.histogram_offsets != nullptr) series.histogram_offsets += count;
  for (const double** column : {&series.values, &series.counts, &series.sums, &series.mins, &series.maxs, &series.drops})
    *column += count;
}

/// One call of the store: `on_series(series)` for each, on several threads. `before_ns`: how much earlier than the plan to begin.
template <class OnSeries>
Result<void> select(QueryContext& context, const VectorSelector& node, const WindowPlan& plan, std::string_view function,
                    bool is_range, OnSeries on_series, int64_t before_ns = 0) {
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
  struct Call {
    QueryContext& context;
    OnSeries& on_series;
    SelectProbe probe;
  } call{context, on_series, SelectProbe(context, request, plan, !is_range)};
  tarsier_error error = empty_error();
  const tarsier_status status = context.store->select(
      context.store->self, &request, &call,
      [](void* user, const tarsier_series* series) -> int32_t {
        auto& to = *static_cast<Call*>(user);
        to.context.samples_read.fetch_add(series->sample_count, std::memory_order_relaxed);
        to.context.series_read.fetch_add(1, std::memory_order_relaxed);
        to.probe.saw(*series);
        to.on_series(*series);
        return to.context.stopped() ? 0 : 1;
      },
      &error);
  if (auto go_on = context.check(); !go_on) return go_on;
  return Result<void>::from_c(status, error);
}

/// Raw samples are an answer: they count until the query ends.
Result<std::vector<RawSeries>> counted(QueryContext& context, std::vector<RawSeries> series) {
  uint64_t samples = 0;
  for (const RawSeries& one : series) samples += one.values.size() + samples_of(one.histograms);
  if (auto held = context.hold(samples); !held) return std::move(held).error();
  return series;
}

HistogramDetail detail_of(const VectorSelector& node) {
  return node.histogram_totals ? HistogramDetail::kTotals : HistogramDetail::kAll;
}

/// The newest sample of each step's lookback window; a staleness marker means none.
bool look_back(const WindowPlan& plan, const tarsier_series& series, bool timestamps, Column& out) {
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

Result<Vector> Evaluator::instant(const VectorSelector& node, bool timestamps) {
  const RangeMode mode = timestamps ? RangeMode::kPlain : node.mode;
  const WindowPlan plan = with_borders(plan_of(grid_, node.time, context_.lookback_ns), mode, context_.lookback_ns);
  Collector<Series> collected(context_);
  auto selected = select(context_, node, plan, timestamps ? "timestamp" : "", false, [&](const tarsier_series& series) {
    Series made;
    if (mode == RangeMode::kSmoothed && has_histograms(series)) {
      made.labels = Labels::from(series.labels, series.label_count);  // which its notes name
      if (!smooth_histograms(node, plan, series, made)) return;
    } else if (mode == RangeMode::kSmoothed) {
      const LiveSamples live(series);
      if (!smooth_at_steps(plan, live.times(), live.values(), live.count(), made.values)) return;
    } else if (has_histograms(series) && !timestamps) {
      auto any = look_back_mixed(plan, series, detail_of(node), made);
      if (!any) context_.fail(std::move(any).error());
      if (!any || !*any) return;
    } else {
      const auto find = has_summaries(series) ? look_back_summed : look_back;
      if (!find(plan, series, timestamps, made.values)) return;
    }
    made.labels = Labels::from(series.labels, series.label_count);
    const uint64_t weight = steps_ + samples_of(made.histograms);
    collected.add(series.series_id, std::move(made), weight);
  });
  if (!selected) return std::move(selected).error();
  return finish({collected.take(), {}});
}

bool Evaluator::smooth_histograms(const VectorSelector& node, const WindowPlan& plan, const tarsier_series& series, Series& out) {
  auto read = read_mixed(series, detail_of(node), false);
  if (!read) {
    context_.fail(std::move(read).error());
    return false;
  }
  const uint64_t weight = read->weight();
  const auto held = context_.hold(weight);
  const Held release(&context_, weight);
  return held.ok() && smooth_mixed(plan, std::move(*read), HistogramNotes(context_, node.position), out);
}

Result<Vector> Evaluator::info_timestamps(const VectorSelector& node) {
  const WindowPlan plan = plan_of(grid_, node.time, context_.lookback_ns);
  Collector<Series> collected(context_);
  auto selected = select(context_, node, plan, "timestamp", false, [&](const tarsier_series& series) {
    if (has_histograms(series)) {
      Series found;
      auto any = look_back_mixed(plan, series, HistogramDetail::kTotals, found);
      if (!any) return context_.fail(std::move(any).error());
      if (!found.histograms.empty()) return context_.fail(Error(TARSIER_UNSUPPORTED, "info sample should be float"));
    }
    Series made;
    const auto find = has_summaries(series) ? look_back_summed : look_back;
    if (!find(plan, series, true, made.values)) return;
    made.labels = Labels::from(series.labels, series.label_count);
    collected.add(series.series_id, std::move(made), steps_);
  });
  if (!selected) return std::move(selected).error();
  return finish({collected.take(), {}});
}

Result<Vector> Evaluator::start_timestamps(const VectorSelector& node) {
  const WindowPlan plan = plan_of(grid_, node.time, context_.lookback_ns);
  Collector<Series> collected(context_);
  auto selected = select(context_, node, plan, "start_timestamp", false, [&](const tarsier_series& series) {
    Series made;
    if (!look_back_starts(plan, series, made.values)) return;
    made.labels = Labels::from(series.labels, series.label_count);
    collected.add(series.series_id, std::move(made), steps_);
  });
  if (!selected) return std::move(selected).error();
  return finish({collected.take(), {}});
}

Result<Vector> Evaluator::over_range(const CallNode& call, const Node& range, const WindowKernel& kernel,
                                     const KernelArguments& arguments) {
  const Node& inner = unwrap(range);
  if (inner.kind == NodeKind::kMatrixSelector)
    return over_selector(call, static_cast<const MatrixSelector&>(inner), kernel, arguments);
  return over_subquery(call, static_cast<const Subquery&>(inner), kernel, arguments);
}

Result<Vector> Evaluator::over_selector(const CallNode& call, const MatrixSelector& node, const WindowKernel& kernel,
                                        const KernelArguments& arguments) {
  const RangeMode mode = node.selector->mode;
  const WindowPlan plan = with_borders(plan_of(grid_, node.selector->time, node.range->ns), mode, context_.lookback_ns);
  Collector<Series> collected(context_);
  SummaryNotes notes(context_, plan, call.position);
  const auto run = [&](const tarsier_series& series, Column& out) {
    if (mode != RangeMode::kPlain) {
      if (has_summaries(series)) notes.add(SummedSamples(series), "the samples are the last ones of summaries");
      const LiveSamples live(series);
      return run_bordered_windows(context_, plan, call.function->id, mode, live.times(), live.values(), live.count(), out);
    }
    if (!has_summaries(series)) {
      const LiveSamples live(series);
      return run_windows(context_, plan, kernel, arguments, live.times(), live.values(), live.count(), out);
    }
    const SummaryKernel summed = summary_kernel_of(call.function->id, kernel);
    const SummedSamples samples(series);
    notes.add(samples, summed.note != nullptr ? std::string(call.function->name) + "() " + summed.note : "");
    return run_summed_windows(context_, plan, kernel, summed, arguments, samples, out);
  };
  const bool starts = context_.start_timestamps && looks_for_resets(call.function->id);
  const MixedWindows mixed(context_, call, kernel, arguments, plan, mode);
  const auto run_mixed = [&](const tarsier_series& series, Series& out) {
    auto read = read_mixed(series, detail_of(*node.selector), starts, earlier(plan.first_start(), plan.reach_before_ns));
    if (!read) {
      context_.fail(std::move(read).error());
      return false;
    }
    const uint64_t weight = read->weight();
    const auto held = context_.hold(weight);
    const Held release(&context_, weight);
    return held.ok() && mixed.run(std::move(*read), out);
  };
  const auto on_series = [&](const tarsier_series& series) {
    Series made;
    if (has_histograms(series) || (starts && series.starts_ns != nullptr && !has_summaries(series))) {
      made.labels = Labels::from(series.labels, series.label_count);  // which its notes name
      if (!run_mixed(series, made)) return;
    } else {
      if (!run(series, made.values)) return;
      made.labels = Labels::from(series.labels, series.label_count);
    }
    made.drop_name = !kernel.keeps_name;
    const uint64_t weight = steps_ + samples_of(made.histograms);
    collected.add(series.series_id, std::move(made), weight);
  };
  // The first histograms of a range are compared with what was before them.
  const int64_t before_ns = node.selector->histogram_totals ? context_.lookback_ns : 0;
  auto selected = select(context_, *node.selector, plan, call.function->name, true, on_series, before_ns);
  if (!selected) return std::move(selected).error();
  if (auto go_on = context_.check(); !go_on) return std::move(go_on).error();
  return finish({collected.take(), {}});
}

Result<std::pair<Vector, Grid>> Evaluator::subquery_steps(const Subquery& node, NestedCounts::Into into) {
  const int64_t step = node.step ? node.step->ns : context_.default_step_ns;
  const WindowPlan plan = plan_of(grid_, node.time, node.range->ns);
  const int64_t from = plan.first_start();
  int64_t start = step * (from / step);
  if (start <= from) start = later(start, step);
  const Grid inner = {start, std::max(start, plan.last_end()), step};
  if (start <= from || start > plan.last_end()) return std::pair<Vector, Grid>{Vector{}, inner};
  if (auto room = context_.room_for(inner.count()); !room) return std::move(room).error();
  const NestedCounts counts(context_, into);
  auto result = Evaluator(context_, inner).vector(*node.inner);
  if (!result) return std::move(result).error();
  return std::pair<Vector, Grid>{std::move(*result), inner};
}

Result<Vector> Evaluator::over_subquery(const CallNode& call, const Subquery& node, const WindowKernel& kernel,
                                        const KernelArguments& arguments) {
  auto steps = subquery_steps(node, NestedCounts::Into::kNowhere);
  if (!steps) return std::move(steps).error();
  auto& [inner, inner_grid] = *steps;
  const WindowPlan plan = plan_of(grid_, node.time, node.range->ns);
  const MixedWindows mixed(context_, call, kernel, arguments, plan);
  Collector<Series> collected(context_);
  std::vector<int64_t> times;
  Column values;
  const uint64_t copied = inner_grid.count();
  if (auto held = context_.hold(copied); !held) return std::move(held).error();
  const Held release(&context_, copied);
  for (size_t id = 0; id < inner.series.size(); ++id) {
    const Series& series = inner.series[id];
    if (auto go_on = context_.check(); !go_on) return std::move(go_on).error();
    if (context_.sample_counts != nullptr) context_.sample_counts->add(plan, inner_grid, series);
    Series made;
    made.labels = series.labels;
    made.drop_name = !kernel.keeps_name || series.drop_name;
    if (!series.histograms.empty()) {
      if (!mixed.run(steps_as_samples(series, inner_grid), made)) continue;
      const uint64_t weight = steps_ + samples_of(made.histograms);
      collected.add(id, std::move(made), weight);
      continue;
    }
    times.clear();
    values.clear();
    for (size_t i = 0; i < series.values.size(); ++i) {
      if (is_absent(series.values[i])) continue;
      times.push_back(inner_grid.time(i));
      values.push_back(series.values[i]);
    }
    context_.samples_read.fetch_add(values.size(), std::memory_order_relaxed);
    if (run_windows(context_, plan, kernel, arguments, times.data(), values.data(), values.size(), made.values))
      collected.add(id, std::move(made), steps_);
  }
  if (auto go_on = context_.check(); !go_on) return std::move(go_on).error();
  return finish({collected.take(), {}});
}

Result<std::vector<RawSeries>> Evaluator::matrix(const Node& node) {
  const Node& inner = unwrap(node);
  ExplainScope scope(context_, inner, steps_, false);
  auto result = inner.kind == NodeKind::kMatrixSelector ? raw_selector(static_cast<const MatrixSelector&>(inner))
                                                        : raw_subquery(static_cast<const Subquery&>(inner));
  if (result) scope.made(result->size());
  return result;
}

Result<std::vector<RawSeries>> Evaluator::raw_selector(const MatrixSelector& node) {
  const RangeMode mode = node.selector->mode;
  const WindowPlan plan = with_borders(plan_of(grid_, node.selector->time, node.range->ns), mode, context_.lookback_ns);
  Collector<RawSeries> collected(context_);
  SummaryNotes notes(context_, plan, node.position);
  auto selected = select(context_, *node.selector, plan, "", true, [&](const tarsier_series& whole) {
    tarsier_series series = whole;
    if (has_histograms(series)) {
      if (mode != RangeMode::kPlain)
        return context_.fail(Error(TARSIER_UNSUPPORTED, std::string(mode == RangeMode::kAnchored ? "anchored" : "smoothed") +
                                                            " modifier is not supported with histograms"));
      auto made = raw_mixed(series);
      if (!made) return context_.fail(std::move(made).error());
      const uint64_t weight = made->values.size() + samples_of(made->histograms);
      if (weight != 0) collected.add(series.series_id, std::move(*made), weight);
      return;
    }
    if (has_summaries(series)) {
      leave_out_before(earlier(plan.first_start(), plan.reach_before_ns), series);
      notes.add(SummedSamples(series), "the samples are the last ones of summaries");
    }
    const LiveSamples live(series);
    if (live.count() == 0) return;
    RawSeries made;
    made.labels = Labels::from(series.labels, series.label_count);
    if (mode != RangeMode::kPlain) {
      draw_borders(plan, mode, live.times(), live.values(), live.count(), made);
      if (made.values.empty()) return;
    } else {
      made.times_ns.assign(live.times(), live.times() + live.count());
      made.values.assign(live.values(), live.values() + live.count());
    }
    const uint64_t weight = made.values.size();
    collected.add(series.series_id, std::move(made), weight);
  });
  if (!selected) return std::move(selected).error();
  return counted(context_, collected.take());
}

Result<std::vector<RawSeries>> Evaluator::raw_subquery(const Subquery& node) {
  auto steps = subquery_steps(node, NestedCounts::Into::kEachStep);
  if (!steps) return std::move(steps).error();
  auto& [inner, inner_grid] = *steps;
  std::vector<RawSeries> out;
  for (Series& series : inner.series) {
    RawSeries made;
    made.labels = series.labels;
    made.drop_name = series.drop_name;
    for (size_t i = 0; i < series.values.size(); ++i) {
      if (!series.present_at(i)) continue;
      made.times_ns.push_back(inner_grid.time(i));
      made.values.push_back(series.values[i]);
      if (!series.histograms.empty()) made.histograms.push_back(series.histograms[i]);
    }
    if (!made.values.empty()) out.push_back(std::move(made));
  }
  return counted(context_, std::move(out));
}

}  // namespace tarsier::promql
