#include "plugins/query/promql/api/query_json.hpp"

namespace tarsier::promql {
namespace {

constexpr int64_t kMs = 1'000'000;

/// [1435781451.781,"1"]
void write_point(json::Writer& json, int64_t time_ns, double value) {
  json.begin_array().seconds_of_ms(time_ns / kMs).quoted_double(value).end_array();
}

void write_column(json::Writer& json, const QueryAnswer& answer, const Column& values) {
  json.key("values").begin_array();
  for (size_t i = 0; i < values.size(); ++i)
    if (is_present(values[i])) write_point(json, answer.start_ns + static_cast<int64_t>(i) * answer.step_ns, values[i]);
  json.end_array();
}

void write_range(json::Writer& json, const QueryAnswer& answer) {
  json.string("matrix").key("result").begin_array();
  if (answer.type == ValueType::kScalar) {
    json.begin_object().key("metric").begin_object().end_object();
    write_column(json, answer, answer.scalar);
    json.end_object();
  }
  for (const Series& series : answer.series) {
    json.begin_object().key("metric");
    write_labels(json, series.labels);
    write_column(json, answer, series.values);
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
        json.key("value");
        write_point(json, answer.start_ns, series.values.front());
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
    json.key("values").begin_array();
    for (size_t i = 0; i < series.values.size(); ++i) write_point(json, series.times_ns[i], series.values[i]);
    json.end_array().end_object();
  }
  json.end_array();
}

void write_stats(json::Writer& json, const QueryAnswer& answer, int64_t queue_ns) {
  const auto seconds = [&](std::string_view key, int64_t ns) { json.key(key).number(static_cast<double>(ns) / 1e9); };
  json.key("stats").begin_object().key("timings").begin_object();
  seconds("evalTotalTime", answer.total_ns);
  seconds("resultSortTime", 0);
  seconds("queryPreparationTime", answer.prepare_ns);
  seconds("innerEvalTime", answer.eval_ns);
  seconds("execQueueTime", queue_ns);
  seconds("execTotalTime", answer.total_ns);
  json.end_object().key("samples").begin_object();
  json.key("totalQueryableSamples").integer(static_cast<int64_t>(answer.samples_read));
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
  if (!stats.empty()) write_stats(json, answer, answer.queue_ns);
  json.end_object();
}

}  // namespace tarsier::promql
