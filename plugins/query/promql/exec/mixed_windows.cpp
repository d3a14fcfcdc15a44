#include "plugins/query/promql/exec/mixed_windows.hpp"

#include <algorithm>
#include <cmath>

#include "plugins/query/promql/exec/mixed_borders.hpp"
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

/// Where the windows of a plan lie in a series, from step to step.
class Slide {
 public:
  Slide(const MixedSeries& series, const WindowPlan& plan, RangeMode mode) : series_(series), plan_(plan), mode_(mode) {}

  void to(size_t step) {
    const auto& samples = series_.samples;
    end_ns = plan_.end(step);
    start_ns = earlier(end_ns, plan_.range_ns);
    while (past < samples.size() && samples[past].time_ns <= later(end_ns, plan_.reach_after_ns)) ++past;
    while (reach_ < past && samples[reach_].time_ns <= earlier(start_ns, plan_.reach_before_ns)) ++reach_;
    first = std::max(first, reach_);
    while (mode_ != RangeMode::kPlain && first + 1 < past && samples[first + 1].time_ns <= start_ns) ++first;
  }
  bool empty() const { return first == past || series_.samples[past - 1].time_ns <= start_ns; }
  /// Up to where borders may look.
  bool one_type() const {
    const size_t numbers = series_.numbers_before[past] - series_.numbers_before[reach_];
    return numbers == 0 || numbers == past - reach_;
  }

  size_t first = 0, past = 0;  // a bordered window has the last sample before it, too
  int64_t start_ns = 0, end_ns = 0;

 private:
  const MixedSeries& series_;
  const WindowPlan& plan_;
  const RangeMode mode_;
  size_t reach_ = 0;  // the first that borders may look at
};

bool is_difference(FunctionId function) {
  return function == FunctionId::kRate || function == FunctionId::kIncrease || function == FunctionId::kDelta;
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

MixedResult MixedWindows::difference(const MixedWindow& window, RateKind kind, const Labels& labels) const {
  if (mode_ == RangeMode::kPlain) return extrapolated_difference(window, kind, labels, notes_);
  return bordered_difference(window, mode_, kind, labels, notes_);
}

MixedResult MixedWindows::evaluate(const MixedWindow& window, const Labels& labels) const {
  switch (function_) {
    case FunctionId::kRate:
      return difference(window, {true, true}, labels);
    case FunctionId::kIncrease:
      return difference(window, {true, false}, labels);
    case FunctionId::kDelta:
      return difference(window, {false, false}, labels);
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
  size_t since_asked = 0;
  Slide at(series, plan_, mode_);
  for (size_t step = 0; step < steps; ++step) {
    if (since_asked > kSamplesBetweenQuestions) {
      if (context_.stopped()) return false;
      since_asked = 0;
    }
    at.to(step);
    if (mode_ != RangeMode::kPlain && is_difference(function_) && !at.one_type()) {
      notes_.mixed_types(out.labels);
      continue;
    }
    if (at.empty()) continue;
    since_asked += at.past - at.first;
    if (!arguments_.first.empty()) at_step.first = arguments_.first[step];
    if (!arguments_.second.empty()) at_step.second = arguments_.second[step];
    const size_t from = series.numbers_before[at.first];
    const Window numbers = {.times = series.number_times.data() + from,
                            .values = series.numbers.data() + from,
                            .count = series.numbers_before[at.past] - from,
                            .start_ns = at.start_ns,
                            .end_ns = at.end_ns,
                            .now_ns = plan_.grid.time(step),
                            .rising = false};
    const MixedWindow window = {{series.samples.data() + at.first, at.past - at.first}, numbers.count, at.start_ns, at.end_ns};
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
