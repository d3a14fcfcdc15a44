#include "plugins/query/promql/exec/mixed_borders.hpp"

#include <algorithm>
#include <optional>

namespace tarsier::promql {
namespace {

bool is_gauge(const MixedSample& sample) {
  return sample.histogram != nullptr && sample.histogram->counter_reset == CounterReset::gauge;
}

/// Exponential buckets and custom ones do not go together.
bool of_one_family(std::span<const MixedSample> samples) {
  const FloatHistogram* first = samples.front().histogram.get();
  return first == nullptr || std::all_of(samples.begin(), samples.end(),
                                         [&](const MixedSample& sample) { return sample.histogram->custom() == first->custom(); });
}

void note(const HistogramNotes& notes, const std::optional<MergeNotes>& merged, std::string_view operation) {
  if (!merged) bug("mixed_borders: histograms of one family do not go together");
  if (merged->reconciled) notes.reconciled(operation);
}

/// The sample at a time on the line between two others, of one type and family. A counter that was reset between them began at
/// zero.
MixedSample between(const MixedSample& before, const MixedSample& after, int64_t time_ns, bool counter,
                    const HistogramNotes& notes) {
  const double part = static_cast<double>(time_ns - before.time_ns) / static_cast<double>(after.time_ns - before.time_ns);
  const bool from_zero = counter && after.reset;
  MixedSample drawn;
  drawn.time_ns = time_ns;
  drawn.start_ns = after.start_ns;
  if (after.histogram == nullptr) {
    const double start = from_zero ? 0 : before.value;
    drawn.value = start + (after.value - start) * part;
    return drawn;
  }
  FloatHistogram histogram = *after.histogram;
  if (!from_zero) note(notes, subtract(histogram, *before.histogram), "subtraction");
  multiply(histogram, part);
  if (!from_zero) note(notes, add(histogram, *before.histogram), "addition");
  const bool gauge = counter ? is_gauge(before) || is_gauge(after) : is_gauge(before) && is_gauge(after);
  histogram.counter_reset = gauge ? CounterReset::gauge : CounterReset::unknown;
  drawn.histogram = std::make_shared<FloatHistogram>(std::move(histogram));
  return drawn;
}

/// Up to the first sample at or behind the end.
std::span<const MixedSample> up_to(std::span<const MixedSample> samples, int64_t end_ns) {
  const auto behind = std::lower_bound(samples.begin(), samples.end(), end_ns,
                                       [](const MixedSample& sample, int64_t time_ns) { return sample.time_ns < time_ns; });
  return samples.first(std::min(samples.size(), static_cast<size_t>(behind - samples.begin()) + 1));
}

/// The value of a smoothed selector where no sample is. `around`: the samples before and behind it.
MixedResult on_the_line(std::span<const MixedSample, 2> around, int64_t now_ns, const Labels& labels, const HistogramNotes& notes) {
  if (!of_one_family(around)) {
    notes.mixed_schemas(labels);
    return {};
  }
  const bool counter = around[0].histogram != nullptr && !(is_gauge(around[0]) && is_gauge(around[1]));
  MixedSample drawn = between(around[0], around[1], now_ns, counter, notes);
  return {drawn.value, std::move(drawn.histogram)};
}

}  // namespace

MixedResult bordered_difference(const MixedWindow& window, RangeMode mode, RateKind kind, const Labels& labels,
                                const HistogramNotes& notes) {
  const bool smoothed = mode == RangeMode::kSmoothed;
  auto samples = smoothed ? up_to(window.samples, window.end_ns) : window.samples;
  if (samples.front().time_ns > window.end_ns) return {};
  if (!of_one_family(samples)) {
    notes.mixed_schemas(labels);
    return {};
  }
  const bool left_drawn = smoothed && samples.front().time_ns < window.start_ns;
  const bool right_drawn = smoothed && samples.back().time_ns > window.end_ns;
  std::vector<MixedSample> drawn;
  if (left_drawn || right_drawn) {
    drawn.assign(samples.begin(), samples.end());
    if (left_drawn) {
      drawn.front() = between(samples[0], samples[1], window.start_ns, kind.counter, notes);
      drawn[1].reset = false;  // the line has left it behind
    }
    if (right_drawn) {
      MixedSample right = between(samples[samples.size() - 2], samples.back(), window.end_ns, kind.counter, notes);
      right.reset = drawn.back().reset;
      drawn.back() = std::move(right);
    }
    samples = drawn;
  }
  const size_t numbers = window.numbers_only() ? samples.size() : 0;
  return sampled_difference({samples, numbers, window.start_ns, window.end_ns}, kind, labels, notes);
}

bool smooth_mixed(const WindowPlan& plan, MixedSeries series, const HistogramNotes& notes, Series& out) {
  series.find_resets();
  const size_t steps = plan.grid.count();
  out.values.assign(steps, kNothing);
  bool any = false;
  size_t first = 0, next = 0, past = 0;  // of what may be looked at; `next`: the first sample behind the step
  for (size_t step = 0; step < steps; ++step) {
    const int64_t now = plan.end(step);
    const int64_t start = earlier(now, plan.range_ns);
    while (past < series.samples.size() && series.samples[past].time_ns <= later(now, plan.reach_after_ns)) ++past;
    while (next < past && series.samples[next].time_ns <= now) ++next;
    while (first < past && series.samples[first].time_ns <= start) ++first;
    const size_t numbers = series.numbers_before[past] - series.numbers_before[first];
    if (numbers != 0 && numbers != past - first) {
      notes.mixed_types(out.labels);
      continue;
    }
    if (first >= next) continue;
    const MixedSample& last = series.samples[next - 1];
    MixedResult result = {last.value, last.histogram};
    if (last.time_ns != now && next < past)
      result = on_the_line(std::span<const MixedSample, 2>(&series.samples[next - 1], 2), now, out.labels, notes);
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
