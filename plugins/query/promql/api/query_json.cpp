#include "plugins/query/promql/api/query_json.hpp"

#include <algorithm>
#include <numeric>

#include "plugins/query/promql/api/histogram_json.hpp"
#include "plugins/query/promql/plan/step_time.hpp"

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

constexpr size_t kPointsAtOnce = 1024;     // some 30 kB
constexpr size_t kPointsOfHistogram = 16;  // what the text of one is as long as

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
          .seconds_of_ms(step_time(answer.start_ns, answer.step_ns, i) / kMs)
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

AnswerWriter::AnswerWriter(const QueryAnswer& answer, Stats stats) : answer_(answer), stats_(stats) {
  if (is_matrix()) {
    if (answer.type == ValueType::kScalar) rows_ = 1;
    rows_ += answer.series.size() + answer.matrix.size();
  } else if (answer.type == ValueType::kVector) {
    rows_ = answer.series.size();
  }
}

bool AnswerWriter::write_some(json::Writer& json) {
  if (!begun_) begin(json);
  begun_ = true;
  for (size_t points = 0; points < kPointsAtOnce;) {
    if (row_ == rows_) {
      end(json);
      return false;
    }
    points += is_matrix() ? write_part(json, row()) : write_instant(json, answer_.series[row_]);
  }
  return true;
}

void AnswerWriter::begin(json::Writer& json) const {
  json.begin_object().key("resultType");
  if (is_matrix()) {
    json.string("matrix").key("result").begin_array();
  } else if (answer_.type == ValueType::kVector) {
    json.string("vector").key("result").begin_array();
  } else if (answer_.type == ValueType::kScalar) {
    json.string("scalar").key("result");
    write_point(json, answer_.start_ns, answer_.scalar.front());
  } else {
    json.string("string").key("result").begin_array().seconds_of_ms(answer_.start_ns / kMs).string(answer_.string).end_array();
  }
}

void AnswerWriter::end(json::Writer& json) const {
  if (is_matrix() || answer_.type == ValueType::kVector) json.end_array();
  if (stats_ != Stats::kNone) write_stats(json, answer_, stats_ == Stats::kPerStep);
  json.end_object();
}

AnswerWriter::Row AnswerWriter::row() const {
  if (!answer_.range) {
    const RawSeries& series = answer_.matrix[row_];
    return {series.labels, series.values, series.histograms, 0, &series.times_ns};
  }
  if (answer_.type == ValueType::kScalar) return {no_labels_, answer_.scalar, no_histograms_, 0, nullptr};
  const Series& series = answer_.series[row_];
  return {series.labels, series.values, series.histograms, series.first, nullptr};
}

size_t AnswerWriter::write_instant(json::Writer& json, const Series& series) {
  json.begin_object().key("metric");
  write_labels(json, series.labels);
  if (const FloatHistogram* const histogram = series.histogram_at(0)) {
    json.key("histogram");
    write_point(json, answer_.start_ns, *histogram);
  } else {
    json.key("value");
    write_point(json, answer_.start_ns, series.at(0));
  }
  json.end_object();
  ++row_;
  return 1;
}

/// The numbers of a series, then its histograms: "values" and "histograms", each only where there are any.
size_t AnswerWriter::write_part(json::Writer& json, const Row& row) {
  const auto time = [&](size_t i) {
    return row.times_ns != nullptr ? (*row.times_ns)[i] : step_time(answer_.start_ns, answer_.step_ns, row.first + i);
  };
  if (part_ == Part::kLabels) {
    json.begin_object().key("metric");
    write_labels(json, row.labels);
    has_histograms_ = std::any_of(row.histograms.begin(), row.histograms.end(), [](const auto& one) { return one != nullptr; });
    const bool has_numbers = !has_histograms_ || !std::all_of(row.values.begin(), row.values.end(), is_absent);
    return has_numbers ? start(json, Part::kNumbers, "values") : start(json, Part::kHistograms, "histograms");
  }
  const size_t weight = part_ == Part::kHistograms ? kPointsOfHistogram : 1;
  const size_t past = std::min(next_ + kPointsAtOnce / weight, row.values.size());
  const size_t written = (past - next_) * weight + 1;
  for (; next_ < past; ++next_) {
    if (part_ == Part::kNumbers && is_present(row.values[next_])) write_point(json, time(next_), row.values[next_]);
    if (part_ == Part::kHistograms && row.histograms[next_] != nullptr) write_point(json, time(next_), *row.histograms[next_]);
  }
  if (next_ < row.values.size()) return written;
  json.end_array();
  if (part_ == Part::kNumbers && has_histograms_) return written + start(json, Part::kHistograms, "histograms");
  json.end_object();
  part_ = Part::kLabels;
  ++row_;
  return written;
}

size_t AnswerWriter::start(json::Writer& json, Part part, std::string_view key) {
  json.key(key).begin_array();
  part_ = part;
  next_ = 0;
  return 1;
}

Stats stats_of(std::string_view parameter) noexcept {
  return parameter.empty() ? Stats::kNone : parameter == "all" ? Stats::kPerStep : Stats::kTotals;
}

}  // namespace tarsier::promql
