// Differences over windows of histograms, and of numbers whose start timestamps count.
#include <algorithm>
#include <cmath>

#include "plugins/query/promql/exec/mixed_windows.hpp"

namespace tarsier::promql {
namespace {

double seconds(int64_t ns) { return static_cast<double>(ns) / 1e9; }

/// The sample says that it counts from a time within another counter's life.
bool overlaps(const MixedSample& before, const MixedSample& after) {
  return after.start_ns != 0 && after.start_ns < before.time_ns && after.start_ns != before.start_ns;
}

bool is_gauge(const MixedSample& sample) { return sample.histogram->counter_reset == CounterReset::gauge; }

class HistogramDifference {
 public:
  HistogramDifference(std::span<const MixedSample> samples, bool counter, const Labels& labels, const HistogramNotes& notes)
      : samples_(samples), counter_(counter), labels_(labels), notes_(notes) {}

  /// nullopt: the histograms do not go together, and that was said.
  std::optional<FloatHistogram> run() {
    check_kinds();
    const FloatHistogram& last = *samples_.back().histogram;
    FloatHistogram first = *samples_.front().histogram;
    // What was before a reset right behind the first sample does not matter, nor does its layout.
    if (counter_ && samples_.size() > 1 && samples_[1].reset) {
      const FloatHistogram& second = *samples_[1].histogram;
      first = {};
      first.schema = second.schema;
      first.bounds = second.bounds;
    }
    if (!same_family(first)) {
      notes_.mixed_schemas(labels_);
      return std::nullopt;
    }
    FloatHistogram difference = last;
    if (!difference.custom()) reduce_resolution(difference, least_schema(first));
    note(subtract(difference, first), "subtraction");
    if (counter_) add_lost(first, difference);
    difference.counter_reset = CounterReset::gauge;
    compact(difference);
    return difference;
  }

 private:
  void check_kinds() {
    const bool any_gauge = std::any_of(samples_.begin(), samples_.end(), is_gauge);
    if (counter_ && any_gauge) notes_.not_a_counter(labels_);
    if (!counter_ && !(is_gauge(samples_.front()) && is_gauge(samples_.back()))) notes_.not_a_gauge(labels_);
  }

  /// Of those that matter: a difference of gauges looks at its ends only.
  std::span<const MixedSample> behind_first() const { return counter_ ? samples_.subspan(1) : samples_.last(1); }
  bool same_family(const FloatHistogram& first) const {
    const auto behind = behind_first();
    return std::all_of(behind.begin(), behind.end(),
                       [&](const MixedSample& sample) { return sample.histogram->custom() == first.custom(); });
  }
  int32_t least_schema(const FloatHistogram& first) const {
    int32_t least = first.schema;
    for (const MixedSample& sample : behind_first()) least = std::min(least, sample.histogram->schema);
    return least;
  }

  /// Adds what the counter had at each reset.
  void add_lost(const FloatHistogram& first, FloatHistogram& difference) {
    const FloatHistogram* before = &first;
    bool told = false;
    for (size_t i = 1; i < samples_.size(); ++i) {
      if (!told && overlaps(samples_[i - 1], samples_[i])) {
        notes_.start_overlaps(labels_);
        told = true;
      }
      const FloatHistogram& now = *samples_[i].histogram;
      if (samples_[i].reset) note(add(difference, *before), "addition");
      before = &now;
    }
  }

  void note(const std::optional<MergeNotes>& merged, std::string_view operation) const {
    if (!merged) bug("HistogramDifference: histograms of one family do not go together");
    if (merged->reconciled) notes_.reconciled(operation);
  }

  std::span<const MixedSample> samples_;
  const bool counter_;
  const Labels& labels_;
  const HistogramNotes& notes_;
};

double number_difference(const MixedWindow& window, bool counter, const Labels& labels, const HistogramNotes& notes) {
  double difference = window.samples.back().value - window.samples.front().value;
  bool told = !counter;
  for (size_t i = 1; counter && i < window.samples.size(); ++i) {
    const MixedSample& before = window.samples[i - 1];
    if (!told && overlaps(before, window.samples[i])) {
      notes.start_overlaps(labels);
      told = true;
    }
    if (window.samples[i].reset) difference += before.value;
  }
  return difference;
}

/// How the increase between the first and the last sample becomes that of the window.
class Extrapolation {
 public:
  explicit Extrapolation(const MixedWindow& window)
      : to_start_(seconds(window.samples.front().time_ns - window.start_ns)),
        to_end_(seconds(window.end_ns - window.samples.back().time_ns)),
        sampled_(seconds(window.samples.back().time_ns - window.samples.front().time_ns)) {
    if (window.samples.size() > 1) average_gap_ = sampled_ / static_cast<double>(window.samples.size() - 1);
  }

  /// The counter began within the window: nothing to guess before that.
  void begin_at(int64_t start_ns, int64_t last_ns) {
    to_start_ = 0;
    sampled_ = seconds(last_ns - start_ns);
  }
  /// `first`, `increase`: of a counter, which is never followed to below zero.
  void guess_start(std::optional<double> first, double increase) {
    if (to_start_ >= threshold()) to_start_ = average_gap_ / 2;
    if (first && increase > 0 && *first >= 0) to_start_ = std::min(to_start_, sampled_ * (*first / increase));
  }
  double factor() const {
    const double to_end = to_end_ >= threshold() ? average_gap_ / 2 : to_end_;
    return sampled_ == 0 ? 1 : (sampled_ + to_start_ + to_end) / sampled_;
  }

 private:
  double threshold() const { return average_gap_ * 1.1; }
  double to_start_, to_end_, sampled_;
  double average_gap_ = 0;
};

MixedResult histogram_result(FloatHistogram histogram) {
  return {kNothing, std::make_shared<FloatHistogram>(std::move(histogram))};
}

}  // namespace

MixedResult extrapolated_difference(const MixedWindow& window, RateKind kind, const Labels& labels, const HistogramNotes& notes) {
  if (!window.numbers_only() && !window.histograms_only()) {
    notes.mixed_types(labels);
    return {};
  }
  const MixedSample& first = window.samples.front();
  const bool began_inside =
      kind.counter && first.start_ns != 0 && first.start_ns > window.start_ns && first.start_ns < first.time_ns;
  if (window.samples.size() < 2 && !began_inside) return {};

  double number = 0;
  std::optional<FloatHistogram> histogram;
  if (window.numbers_only()) {
    number = number_difference(window, kind.counter, labels, notes);
  } else if (window.samples.size() > 1) {
    histogram = HistogramDifference(window.samples, kind.counter, labels, notes).run();
    if (!histogram) return {};
  }
  Extrapolation extrapolation(window);
  if (!began_inside) {
    const double level = first.histogram != nullptr ? first.histogram->count : first.value;
    extrapolation.guess_start(kind.counter ? std::optional(level) : std::nullopt, histogram ? histogram->count : number);
  } else {
    extrapolation.begin_at(first.start_ns, window.samples.back().time_ns);
    number += first.value;
    if (first.histogram != nullptr && !histogram) {
      histogram = *first.histogram;
    } else if (histogram) {
      const auto merged = add(*histogram, *first.histogram);
      if (!merged) {
        notes.mixed_schemas(labels);
        return {};
      }
      if (merged->reconciled) notes.reconciled("addition");
    }
  }
  double factor = extrapolation.factor();
  if (kind.per_second) factor /= seconds(window.end_ns - window.start_ns);
  if (!histogram) return {number * factor, nullptr};
  multiply(*histogram, factor);
  return histogram_result(std::move(*histogram));
}

MixedResult sampled_difference(const MixedWindow& window, RateKind kind, const Labels& labels, const HistogramNotes& notes) {
  const double length = kind.per_second ? seconds(window.end_ns - window.start_ns) : 1;
  if (window.numbers_only()) return {number_difference(window, kind.counter, labels, notes) / length, nullptr};
  auto histogram = HistogramDifference(window.samples, kind.counter, labels, notes).run();
  if (!histogram) return {};
  if (kind.per_second) divide(*histogram, length);
  return histogram_result(std::move(*histogram));
}

MixedResult last_difference(const MixedWindow& window, RateKind kind, const Labels& labels, const HistogramNotes& notes) {
  if (window.samples.size() < 2) return {};
  const MixedSample& before = window.samples[window.samples.size() - 2];
  const MixedSample& last = window.samples.back();
  const double gap = seconds(last.time_ns - before.time_ns);
  if ((before.histogram == nullptr) != (last.histogram == nullptr)) {
    notes.mixed_types(labels);
    return {};
  }
  if (last.histogram == nullptr) {
    const double change = kind.counter && last.reset ? last.value : last.value - before.value;
    return {kind.per_second ? change / gap : change, nullptr};
  }
  if (kind.counter && (is_gauge(before) || is_gauge(last))) notes.not_a_counter(labels);
  if (!kind.counter && !(is_gauge(before) && is_gauge(last))) notes.not_a_gauge(labels);
  FloatHistogram change = *last.histogram;
  if (!kind.counter || !last.reset) {
    const auto merged = subtract(change, *before.histogram);
    if (!merged) {
      notes.mixed_schemas(labels);
      return {};
    }
    if (merged->reconciled) notes.reconciled("subtraction");
  }
  change.counter_reset = CounterReset::gauge;
  compact(change);
  if (kind.per_second) divide(change, gap);
  return histogram_result(std::move(change));
}

}  // namespace tarsier::promql
