// Selectors: the store hands over whole series, and each is turned into a column of results at once, on the thread that brings it.
#include <algorithm>
#include <atomic>
#include <mutex>
#include <type_traits>
#include <utility>

#include "plugins/lib/promql/text.hpp"
#include "plugins/query/promql/exec/bordered_windows.hpp"
#include "plugins/query/promql/exec/evaluator.hpp"
#include "plugins/query/promql/exec/explanation.hpp"
#include "plugins/query/promql/exec/mixed_borders.hpp"
#include "plugins/query/promql/exec/mixed_windows.hpp"
#include "plugins/query/promql/exec/numeric.hpp"
#include "plugins/query/promql/exec/store_series.hpp"

namespace tarsier::promql {
namespace {

/// Collects what callbacks of several threads make of series, in the order of the store's ids, so that answers do not depend on
/// timing.
template <class T>
class Collector {
 public:
  explicit Collector(QueryContext& context) : context_(context) {}
  Collector(const Collector&) = delete;
  Collector& operator=(const Collector&) = delete;
  ~Collector() { context_.let_go(samples_); }

  /// It counts against the limit until it is taken; the limit ends the select.
  void add(uint64_t id, T item) {
    if constexpr (std::is_same_v<T, Series>) item.trim();
    const uint64_t samples = samples_of(item);
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

/// Raw samples are an answer: they count until the query ends.
Result<std::vector<RawSeries>> counted(QueryContext& context, std::vector<RawSeries> series) {
  if (auto held = context.hold(samples_of(series)); !held) return std::move(held).error();
  return series;
}

/// For select_series(), of what never ends it.
template <class OnSeries>
auto all(OnSeries on_series) {
  return [on_series = std::move(on_series)](const tarsier_series& series) {
    on_series(series);
    return true;
  };
}

HistogramDetail detail_of(const VectorSelector& node) {
  return node.histogram_totals ? HistogramDetail::kTotals : HistogramDetail::kAll;
}

}  // namespace

Result<Vector> Evaluator::instant(const VectorSelector& node, bool timestamps) {
  const RangeMode mode = timestamps ? RangeMode::kPlain : node.mode;
  const WindowPlan plan = with_borders(plan_of(grid_, node.time, context_.lookback_ns), mode, context_.lookback_ns);
  Collector<Series> collected(context_);
  const auto on_series = [&](const tarsier_series& series) {
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
      if (!look_back(plan, series, timestamps, made.values)) return;
    }
    made.labels = Labels::from(series.labels, series.label_count);
    collected.add(series.series_id, std::move(made));
  };
  auto selected = select_series(context_, node, plan, timestamps ? "timestamp" : "", false, all(on_series));
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
  const auto on_series = [&](const tarsier_series& series) {
    if (has_histograms(series)) {
      Series found;
      auto any = look_back_mixed(plan, series, HistogramDetail::kTotals, found);
      if (!any) return context_.fail(std::move(any).error());
      if (!found.histograms.empty()) return context_.fail(Error(TARSIER_UNSUPPORTED, "info sample should be float"));
    }
    Series made;
    if (!look_back(plan, series, true, made.values)) return;
    made.labels = Labels::from(series.labels, series.label_count);
    collected.add(series.series_id, std::move(made));
  };
  auto selected = select_series(context_, node, plan, "timestamp", false, all(on_series));
  if (!selected) return std::move(selected).error();
  return finish({collected.take(), {}});
}

Result<Vector> Evaluator::start_timestamps(const VectorSelector& node) {
  const WindowPlan plan = plan_of(grid_, node.time, context_.lookback_ns);
  Collector<Series> collected(context_);
  const auto on_series = [&](const tarsier_series& series) {
    Series made;
    if (!look_back_starts(plan, series, made.values)) return;
    made.labels = Labels::from(series.labels, series.label_count);
    collected.add(series.series_id, std::move(made));
  };
  auto selected = select_series(context_, node, plan, "start_timestamp", false, all(on_series));
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
  SeriesWindows windows(context_, call, kernel, arguments, plan, mode);
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
      if (!windows.run(series, made.values)) return;
      made.labels = Labels::from(series.labels, series.label_count);
    }
    made.drop_name = !kernel.keeps_name;
    collected.add(series.series_id, std::move(made));
  };
  // The first histograms of a range are compared with what was before them.
  const int64_t before_ns = node.selector->histogram_totals ? context_.lookback_ns : 0;
  auto selected = select_series(context_, *node.selector, plan, call.function->name, true, all(on_series), before_ns);
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
  WindowLayout layout(plan);
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
      collected.add(id, std::move(made));
      continue;
    }
    times.clear();
    values.clear();
    for (size_t i = 0; i < series.values.size(); ++i) {
      if (is_absent(series.values[i])) continue;
      times.push_back(inner_grid.time(series.first + i));
      values.push_back(series.values[i]);
    }
    (void)context_.samples_read.add(values.size());
    layout.fit(times.data(), times.size());
    if (run_windows(context_, kernel, arguments, layout, values.data(), values.size(), made.values))
      collected.add(id, std::move(made));
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
  const auto on_series = [&](const tarsier_series& whole) {
    tarsier_series series = whole;
    if (has_histograms(series)) {
      if (mode != RangeMode::kPlain)
        return context_.fail(Error(TARSIER_UNSUPPORTED, std::string(mode == RangeMode::kAnchored ? "anchored" : "smoothed") +
                                                            " modifier is not supported with histograms"));
      auto made = raw_mixed(series);
      if (!made) return context_.fail(std::move(made).error());
      if (!made->values.empty()) collected.add(series.series_id, std::move(*made));
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
    collected.add(series.series_id, std::move(made));
  };
  auto selected = select_series(context_, *node.selector, plan, "", true, all(on_series));
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
    for (size_t step = series.first; step < series.past(); ++step) {
      if (!series.present_at(step)) continue;
      made.times_ns.push_back(inner_grid.time(step));
      made.values.push_back(series.at(step));
      if (!series.histograms.empty()) made.histograms.push_back(series.histogram_of(step));
    }
    if (!made.values.empty()) out.push_back(std::move(made));
  }
  return counted(context_, std::move(out));
}

}  // namespace tarsier::promql
