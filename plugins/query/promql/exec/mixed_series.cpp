#include "plugins/query/promql/exec/mixed_series.hpp"

#include <utility>

#include "plugins/query/promql/exec/numeric.hpp"

namespace tarsier::promql {
namespace {

/// The counter of `after` began after `before`, as far as their start timestamps tell.
bool started_between(const MixedSample& before, const MixedSample& after) {
  if (after.start_ns == 0 || after.start_ns >= after.time_ns) return false;  // not known, or no time before the sample
  if (after.start_ns != before.time_ns) return after.start_ns > before.time_ns;
  // It began with the sample before: a delta, unless that one's own start is not known, or makes no sense.
  return before.start_ns != 0 && before.start_ns < before.time_ns;
}

}  // namespace

Result<void> HistogramRows::decode(size_t row, FloatHistogram& out) {
  const uint32_t from = series_.histogram_offsets[row];
  const uint32_t to = series_.histogram_offsets[row + 1];
  if (auto decoded = decode_histogram({series_.histogram_bytes + from, to - from}, native_); !decoded)
    return std::move(decoded).error().in("sample " + std::to_string(row) + " of series " + std::to_string(series_.series_id));
  out = from_native(native_);
  return {};
}

Result<void> HistogramRows::find_reset(size_t row, FloatHistogram& histogram) {
  if (histogram.counter_reset != CounterReset::unknown) return {};
  size_t before = row;
  while (before > 0 && (!is_histogram(before - 1) || is_stale(before - 1))) --before;
  if (before == 0) return {};
  if (kept_row_ != before - 1)
    if (auto decoded = decode(before - 1, kept_); !decoded) return decoded;
  if (!detect_reset(histogram, kept_)) {
    histogram.counter_reset = CounterReset::no;
  } else if (series_.times_ns[before - 1] > after_ns_) {
    histogram.counter_reset = CounterReset::yes;
  }
  return {};
}

Result<HistogramRef> HistogramRows::at(size_t row) {
  auto histogram = std::make_shared<FloatHistogram>();
  if (auto decoded = decode(row, *histogram); !decoded) return std::move(decoded).error();
  if (detail_ == HistogramDetail::kTotals) {
    if (auto found = find_reset(row, *histogram); !found) return std::move(found).error();
    FloatHistogram totals;
    totals.schema = histogram->schema;
    totals.counter_reset = histogram->counter_reset;
    totals.count = histogram->count;
    totals.sum = histogram->sum;
    kept_ = std::exchange(*histogram, std::move(totals));
    kept_row_ = row;
  }
  return HistogramRef(std::move(histogram));
}

void MixedSeries::add(MixedSample sample) {
  numbers_before.push_back(numbers.size());
  if (sample.histogram == nullptr) {
    number_times.push_back(sample.time_ns);
    numbers.push_back(sample.value);
  }
  samples.push_back(std::move(sample));
}

bool reset_between(const MixedSample& before, const MixedSample& after) {
  if ((before.histogram == nullptr) != (after.histogram == nullptr)) return true;
  if (started_between(before, after)) return true;
  return after.histogram != nullptr ? detect_reset(*after.histogram, *before.histogram) : after.value < before.value;
}

void MixedSeries::find_resets() {
  for (size_t i = 1; i < samples.size(); ++i) samples[i].reset = reset_between(samples[i - 1], samples[i]);
}

uint64_t MixedSeries::weight() const noexcept {
  uint64_t weight = samples.size();
  for (const MixedSample& sample : samples)
    if (sample.histogram != nullptr) weight += samples_of(*sample.histogram);
  return weight;
}

Result<MixedSeries> read_mixed(const tarsier_series& series, HistogramDetail detail, bool starts, int64_t after_ns) {
  HistogramRows rows(series, detail, after_ns);
  MixedSeries out;
  out.samples.reserve(series.sample_count);
  for (size_t row = 0; row < series.sample_count; ++row) {
    if (rows.is_stale(row) || series.times_ns[row] <= after_ns) continue;
    MixedSample sample;
    sample.time_ns = series.times_ns[row];
    if (starts && series.starts_ns != nullptr) sample.start_ns = series.starts_ns[row];
    if (rows.is_histogram(row)) {
      auto histogram = rows.at(row);
      if (!histogram) return std::move(histogram).error();
      sample.histogram = std::move(*histogram);
    } else {
      sample.value = series.values[row];
    }
    out.add(std::move(sample));
  }
  out.finish();
  return out;
}

MixedSeries steps_as_samples(const Series& series, const Grid& grid) {
  MixedSeries out;
  for (size_t step = series.first; step < series.past(); ++step) {
    if (!series.present_at(step)) continue;
    MixedSample sample;
    sample.time_ns = grid.time(step);
    sample.value = series.at(step);
    if (!series.histograms.empty()) sample.histogram = series.histogram_of(step);
    if (sample.histogram != nullptr && sample.histogram->counter_reset != CounterReset::gauge) {
      auto unhinted = std::make_shared<FloatHistogram>(*sample.histogram);
      unhinted->counter_reset = CounterReset::unknown;
      sample.histogram = std::move(unhinted);
    }
    out.add(std::move(sample));
  }
  out.finish();
  return out;
}

Result<bool> look_back_mixed(const WindowPlan& plan, const tarsier_series& series, HistogramDetail detail, Series& out) {
  const size_t steps = plan.grid.count();
  HistogramRows rows(series, detail);
  out.values.assign(steps, kNothing);
  bool any = false;
  size_t past = 0;
  size_t read = SIZE_MAX;  // the row that `histogram` is
  HistogramRef histogram;
  for (size_t step = 0; step < steps; ++step) {
    const int64_t end = plan.end(step);
    while (past < series.sample_count && series.times_ns[past] <= end) ++past;
    if (past == 0 || series.times_ns[past - 1] <= earlier(end, plan.range_ns) || rows.is_stale(past - 1)) continue;
    any = true;
    if (!rows.is_histogram(past - 1)) {
      out.values[step] = series.values[past - 1];
      continue;
    }
    if (read != past - 1) {
      auto found = rows.at(past - 1);
      if (!found) return std::move(found).error();
      histogram = std::move(*found);
      read = past - 1;
    }
    out.set(step, histogram);
  }
  return any;
}

bool look_back_starts(const WindowPlan& plan, const tarsier_series& series, Column& out) {
  const size_t steps = plan.grid.count();
  out.assign(steps, kNothing);
  bool any = false;
  size_t past = 0;
  for (size_t step = 0; step < steps; ++step) {
    const int64_t end = plan.end(step);
    while (past < series.sample_count && series.times_ns[past] <= end) ++past;
    if (past == 0 || series.times_ns[past - 1] <= earlier(end, plan.range_ns) || is_absent(series.values[past - 1])) continue;
    out[step] = series.starts_ns != nullptr ? seconds_of(series.starts_ns[past - 1]) : 0;
    any = true;
  }
  return any;
}

Result<RawSeries> raw_mixed(const tarsier_series& series) {
  auto read = read_mixed(series, HistogramDetail::kAll, false);
  if (!read) return std::move(read).error();
  RawSeries out;
  out.labels = Labels::from(series.labels, series.label_count);
  for (MixedSample& sample : read->samples) {
    out.times_ns.push_back(sample.time_ns);
    out.values.push_back(sample.value);
    out.histograms.push_back(std::move(sample.histogram));
  }
  return out;
}

}  // namespace tarsier::promql
