#include "plugins/query/promql/exec/mixed_windows.hpp"

#include <cmath>

#include "plugins/query/promql/histogram/sums.hpp"

namespace tarsier::promql {
namespace {

constexpr size_t kSamplesBetweenQuestions = size_t{1} << 12U;  // those of histograms are dear

MixedResult of_number(double value) { return {value, nullptr}; }
MixedResult of_count(size_t count) { return of_number(static_cast<double>(count)); }
MixedResult of_time(const MixedSample& sample) { return of_number(static_cast<double>(sample.time_ns) / 1e9); }
MixedResult of_sample(const MixedSample& sample) { return {sample.value, sample.histogram}; }

bool changed(const MixedSample& before, const MixedSample& after) {
  if ((before.histogram == nullptr) != (after.histogram == nullptr)) return true;
  if (before.histogram != nullptr) return !identical(*before.histogram, *after.histogram);
  return before.value != after.value && !(std::isnan(before.value) && std::isnan(after.value));
}

/// How many neighbours the predicate holds for.
template <class Predicate>
MixedResult count_pairs(const MixedWindow& window, Predicate predicate) {
  size_t count = 0;
  for (size_t i = 1; i < window.samples.size(); ++i) count += predicate(window.samples[i - 1], window.samples[i]) ? 1 : 0;
  return of_count(count);
}

/// sum_over_time(), avg_over_time()
template <class Accumulator>
MixedResult together(const MixedWindow& window, const Labels& labels, const HistogramNotes& notes) {
  Accumulator total;
  for (const MixedSample& sample : window.samples) {
    if (total.add(*sample.histogram)) continue;
    notes.mixed_schemas(labels);
    return {};
  }
  if (total.conflict()) notes.collision("aggregation");
  if (total.reconciled()) notes.reconciled("aggregation");
  return {kNothing, std::make_shared<FloatHistogram>(total.value())};
}

}  // namespace

bool takes_histograms(FunctionId function) {
  switch (function) {
    case FunctionId::kRate:
    case FunctionId::kIncrease:
    case FunctionId::kDelta:
    case FunctionId::kIrate:
    case FunctionId::kIdelta:
    case FunctionId::kSumOverTime:
    case FunctionId::kAvgOverTime:
    case FunctionId::kFirstOverTime:
    case FunctionId::kLastOverTime:
    case FunctionId::kCountOverTime:
    case FunctionId::kPresentOverTime:
    case FunctionId::kAbsentOverTime:
    case FunctionId::kChanges:
    case FunctionId::kResets:
    case FunctionId::kTsOfFirstOverTime:
    case FunctionId::kTsOfLastOverTime:
      return true;
    default:
      return false;
  }
}

bool looks_for_resets(FunctionId function) {
  return function == FunctionId::kRate || function == FunctionId::kIncrease || function == FunctionId::kIrate ||
         function == FunctionId::kResets;
}

MixedResult MixedWindows::evaluate(const MixedWindow& window, const Labels& labels) const {
  switch (function_) {
    case FunctionId::kRate:
      return extrapolated_difference(window, {true, true}, labels, notes_);
    case FunctionId::kIncrease:
      return extrapolated_difference(window, {true, false}, labels, notes_);
    case FunctionId::kDelta:
      return extrapolated_difference(window, {false, false}, labels, notes_);
    case FunctionId::kIrate:
      return last_difference(window, {true, true}, labels, notes_);
    case FunctionId::kIdelta:
      return last_difference(window, {false, false}, labels, notes_);
    case FunctionId::kSumOverTime:
      return together<HistogramSum>(window, labels, notes_);
    case FunctionId::kAvgOverTime:
      return together<HistogramMean>(window, labels, notes_);
    case FunctionId::kFirstOverTime:
      return of_sample(window.samples.front());
    case FunctionId::kLastOverTime:
      return of_sample(window.samples.back());
    case FunctionId::kCountOverTime:
      return of_count(window.samples.size());
    case FunctionId::kPresentOverTime:
    case FunctionId::kAbsentOverTime:
      return of_number(1);
    case FunctionId::kChanges:
      return count_pairs(window, changed);
    case FunctionId::kResets:
      return count_pairs(window, [](const MixedSample&, const MixedSample& after) { return after.reset; });
    case FunctionId::kTsOfFirstOverTime:
      return of_time(window.samples.front());
    case FunctionId::kTsOfLastOverTime:
      return of_time(window.samples.back());
    default:
      bug("MixedWindows: not a function of histograms");
  }
}

MixedResult MixedWindows::of_numbers(const Window& window, bool histograms, const StepArguments& arguments,
                                     const Labels& labels) const {
  if (window.count == 0) return {};
  if (histograms) notes_.histograms_ignored(labels);
  return of_number(kernel_.function(window, arguments));
}

bool MixedWindows::run(MixedSeries series, Series& out) const {
  if (looks_for_resets(function_)) series.find_resets();
  const size_t steps = plan_.grid.count();
  out.values.assign(steps, kNothing);
  const bool takes_both = takes_histograms(function_);
  const bool adds_up = function_ == FunctionId::kSumOverTime || function_ == FunctionId::kAvgOverTime;
  std::vector<double> scratch;
  StepArguments at_step;
  at_step.scratch = &scratch;
  bool any = false;
  size_t first = 0, past = 0, since_asked = 0;
  for (size_t step = 0; step < steps; ++step) {
    if (since_asked > kSamplesBetweenQuestions) {
      if (context_.stopped()) return false;
      since_asked = 0;
    }
    const int64_t end = plan_.end(step);
    const int64_t start = earlier(end, plan_.range_ns);
    while (past < series.samples.size() && series.samples[past].time_ns <= end) ++past;
    while (first < past && series.samples[first].time_ns <= start) ++first;
    if (first == past) continue;
    since_asked += past - first;
    if (!arguments_.first.empty()) at_step.first = arguments_.first[step];
    if (!arguments_.second.empty()) at_step.second = arguments_.second[step];
    const size_t from = series.numbers_before[first];
    const Window numbers = {.times = series.number_times.data() + from,
                            .values = series.numbers.data() + from,
                            .count = series.numbers_before[past] - from,
                            .start_ns = start,
                            .end_ns = end,
                            .now_ns = plan_.grid.time(step),
                            .rising = false};
    const MixedWindow window = {{series.samples.data() + first, past - first}, numbers.count, start, end};
    MixedResult result;
    if (!takes_both) {
      result = of_numbers(numbers, !window.numbers_only(), at_step, out.labels);
    } else if (!adds_up || window.histograms_only()) {
      result = evaluate(window, out.labels);
    } else if (window.numbers_only()) {
      result = of_number(kernel_.function(numbers, at_step));
    } else {
      notes_.mixed_types(out.labels);
    }
    any = any || is_present(result.value) || result.histogram != nullptr;
    if (result.histogram != nullptr) {
      out.set(step, std::move(result.histogram));
    } else {
      out.values[step] = result.value;
    }
  }
  return any;
}

}  // namespace tarsier::promql
