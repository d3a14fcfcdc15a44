#include "plugins/query/promql/api/query_json.hpp"

#include <algorithm>
#include <numeric>

#include "plugins/query/promql/api/histogram_json.hpp"

namespace tarsier::promql {
namespace {

constexpr int64_t kMs = 1'000'000;

/// [1435781451.781,"1"]
void write_point(json::Writer& json, int64_t time_ns, double value) {
  json.begin_array().seconds_of_ms(time_ns / kMs).quoted_double(value).end_array();
}

/// [1435781451.781,{"count":"1",...}]
void write_point(json::Writer& json, int64_t time_ns, const FloatHistogram& histogram) {
  json.begin_array().seconds_of_ms(time_ns / kMs);
  write_histogram(json, histogram);
  json.end_array();
}

/// The numbers of a series, then its histograms: "values" and "histograms", each only where there are any. `time(i)`: of an entry.
template <class Time>
void write_samples(json::Writer& json, const Column& values, const HistogramColumn& histograms, Time time) {
  const bool has_histograms = std::any_of(histograms.begin(), histograms.end(), [](const auto& one) { return one != nullptr; });
  if (!has_histograms || !std::all_of(values.begin(), values.end(), is_absent)) {
    json.key("values").begin_array();
    for (size_t i = 0; i < values.size(); ++i)
      if (is_present(values[i])) write_point(json, time(i), values[i]);
    json.end_array();
  }
  if (!has_histograms) return;
  json.key("histograms").begin_array();
  for (size_t i = 0; i < histograms.size(); ++i)
    if (histograms[i] != nullptr) write_point(json, time(i), *histograms[i]);
  json.end_array();
}

/// `first`: the step that the columns begin with.
void write_column(json::Writer& json, const QueryAnswer& answer, const Column& values, const HistogramColumn& histograms,
                  size_t first) {
  write_samples(json, values, histograms,
                [&](size_t i) { return answer.start_ns + static_cast<int64_t>(first + i) * answer.step_ns; });
}

void write_range(json::Writer& json, const QueryAnswer& answer) {
  json.string("matrix").key("result").begin_array();
  if (answer.type == ValueType::kScalar) {
    json.begin_object().key("metric").begin_object().end_object();
    write_column(json, answer, answer.scalar, {}, 0);
    json.end_object();
  }
  for (const Series& series : answer.series) {
    json.begin_object().key("metric");
    write_labels(json, series.labels);
    write_column(json, answer, series.values, series.histograms, series.first);
    json.end_object();
  }
  json.end_array();
}

void write_instant(json::Writer& json, const QueryAnswer& answer) {
  switch (answer.type) {
    case ValueType::kScalar:
      json.string("scalar").key("result");
      return write_point(json, answer.start_ns, answer.scalar.front());
    case ValueType::kString:
      json.string("string").key("result").begin_array().seconds_of_ms(answer.start_ns / kMs).string(answer.string).end_array();
      return;
    case ValueType::kVector:
      json.string("vector").key("result").begin_array();
      for (const Series& series : answer.series) {
        json.begin_object().key("metric");
        write_labels(json, series.labels);
        if (const FloatHistogram* const histogram = series.histogram_at(0)) {
          json.key("histogram");
          write_point(json, answer.start_ns, *histogram);
        } else {
          json.key("value");
          write_point(json, answer.start_ns, series.values.front());
        }
        json.end_object();
      }
      json.end_array();
      return;
    default:
      break;
  }
  json.string("matrix").key("result").begin_array();
  for (const RawSeries& series : answer.matrix) {
    json.begin_object().key("metric");
    write_labels(json, series.labels);
    write_samples(json, series.values, series.histograms, [&](size_t i) { return series.times_ns[i]; });
    json.end_object();
  }
  json.end_array();
}

/// Field by field as the original; samplesPerStep only for stats=all.
void write_stats(json::Writer& json, const QueryAnswer& answer, bool per_step) {
  const auto seconds = [&](std::string_view key, int64_t ns) { json.key(key).number(static_cast<double>(ns) / 1e9); };
  json.key("stats").begin_object().key("timings").begin_object();
  seconds("evalTotalTime", answer.total_ns);
  seconds("resultSortTime", answer.sort_ns);
  seconds("queryPreparationTime", answer.prepare_ns);
  seconds("innerEvalTime", answer.eval_ns - answer.sort_ns);
  seconds("execQueueTime", answer.queue_ns);
  seconds("execTotalTime", answer.total_ns);
  json.end_object().key("samples").begin_object();
  if (per_step) {
    json.key("totalQueryableSamplesPerStep").begin_array();
    for (size_t i = 0; i < answer.samples_per_step.size(); ++i)
      json.begin_array()
          .seconds_of_ms((answer.start_ns + static_cast<int64_t>(i) * answer.step_ns) / kMs)
          .integer(static_cast<int64_t>(answer.samples_per_step[i]))
          .end_array();
    json.end_array();
  }
  const uint64_t total = std::accumulate(answer.samples_per_step.begin(), answer.samples_per_step.end(), uint64_t{0});
  json.key("totalQueryableSamples").integer(static_cast<int64_t>(total));
  json.key("peakSamples").integer(static_cast<int64_t>(answer.peak_samples));
  json.end_object().end_object();
}

}  // namespace

void write_labels(json::Writer& json, const Labels& labels) {
  json.begin_object();
  for (size_t i = 0; i < labels.size(); ++i) json.key(labels.name(i)).string(labels.value(i));
  json.end_object();
}

void write_answer(json::Writer& json, const QueryAnswer& answer, std::string_view stats) {
  json.begin_object().key("resultType");
  if (answer.range) {
    write_range(json, answer);
  } else {
    write_instant(json, answer);
  }
  if (!stats.empty()) write_stats(json, answer, stats == "all");
  json.end_object();
}

}  // namespace tarsier::promql
