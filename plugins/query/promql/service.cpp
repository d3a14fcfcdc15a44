#include "plugins/query/promql/service.hpp"

#include <deque>

#include "plugins/lib/promql/parser.hpp"
#include "plugins/lib/promql/printer.hpp"
#include "plugins/query/promql/plan/step_time.hpp"

namespace tarsier::promql {
namespace {

/// An answer as the C structs of the service, with what they point to.
class CAnswer {
 public:
  explicit CAnswer(const QueryAnswer& answer) : answer_(answer) {
    if (answer.type == ValueType::kScalar) add({}, answer.scalar, {}, 0);
    for (const Series& series : answer.series) add(series.labels, series.values, series.histograms, series.first);
    for (const RawSeries& series : answer.matrix) add(series.labels, series.times_ns, series.values, series.histograms);
    for (const std::string& text : answer.warnings) warnings_.push_back(str(text));
    for (const std::string& text : answer.infos) infos_.push_back(str(text));
  }

  tarsier_query_result result() const {
    tarsier_query_result out{};
    out.size = sizeof(out);
    out.type = type();
    out.series_count = series_.size();
    out.series = series_.data();
    out.string = str(answer_.string);
    out.warnings = warnings_.data();
    out.infos = infos_.data();
    out.warning_count = static_cast<uint32_t>(warnings_.size());
    out.info_count = static_cast<uint32_t>(infos_.size());
    return out;
  }

 private:
  tarsier_value_type type() const {
    if (answer_.range) return TARSIER_VALUE_MATRIX;
    switch (answer_.type) {
      case ValueType::kScalar:
        return TARSIER_VALUE_SCALAR;
      case ValueType::kString:
        return TARSIER_VALUE_STRING;
      case ValueType::kVector:
        return TARSIER_VALUE_VECTOR;
      default:
        return TARSIER_VALUE_MATRIX;
    }
  }
  /// `first`: the step that the columns begin with.
  void add(const Labels& labels, const Column& values, const HistogramColumn& histograms, size_t first) {
    auto& times = times_.emplace_back();
    auto& present = values_.emplace_back();
    HistogramColumn present_histograms;
    for (size_t i = 0; i < values.size(); ++i) {
      const bool histogram = !histograms.empty() && histograms[i] != nullptr;
      if (is_absent(values[i]) && !histogram) continue;
      times.push_back(step_time(answer_.start_ns, answer_.step_ns, first + i));
      present.push_back(values[i]);
      if (!histograms.empty()) present_histograms.push_back(histograms[i]);
    }
    add(labels, times, present, present_histograms);
  }
  void add(const Labels& labels, const std::vector<int64_t>& times, const Column& values, const HistogramColumn& histograms) {
    auto& pairs = labels_.emplace_back();
    for (size_t i = 0; i < labels.size(); ++i) pairs.push_back({str(labels.name(i)), str(labels.value(i))});
    tarsier_series series{};
    series.size = sizeof(series);
    series.label_count = static_cast<uint32_t>(pairs.size());
    series.labels = pairs.data();
    series.sample_count = values.size();
    series.times_ns = times.data();
    series.values = values.data();
    if (!histograms.empty()) add_histograms(values, histograms, series);
    series_.push_back(series);
  }
  /// Encoded, with their sums as values, as a store has them.
  void add_histograms(const Column& values, const HistogramColumn& histograms, tarsier_series& series) {
    auto& offsets = offsets_.emplace_back(1, 0U);
    auto& bytes = bytes_.emplace_back();
    auto& sums = values_.emplace_back(values);
    for (size_t i = 0; i < histograms.size(); ++i) {
      if (histograms[i] != nullptr) {
        encode_histogram(to_native(*histograms[i]), bytes);
        sums[i] = histograms[i]->sum;
      }
      offsets.push_back(static_cast<uint32_t>(bytes.size()));
    }
    series.values = sums.data();
    series.histogram_offsets = offsets.data();
    series.histogram_bytes = bytes.data();
  }

  const QueryAnswer& answer_;
  std::deque<std::vector<tarsier_pair>> labels_;
  std::deque<std::vector<int64_t>> times_;
  std::deque<Column> values_;
  std::deque<std::vector<uint32_t>> offsets_;
  std::deque<std::vector<uint8_t>> bytes_;
  std::vector<tarsier_series> series_;
  std::vector<tarsier_str> warnings_, infos_;
};

}  // namespace

QueryService::QueryService(Engine& engine, WithStore with_store) : engine_(engine), with_store_(std::move(with_store)) {
  table_.size = sizeof(table_);
  table_.self = this;
  table_.query = query;
  table_.parse = parse;
}

tarsier_status QueryService::query(void* self, const tarsier_query* query, void* user,
                                   void (*on_result)(void*, const tarsier_query_result*), tarsier_error* error) {
  auto& service = *static_cast<QueryService*>(self);
  QueryRequest request;
  request.expression = view(query->expression);
  request.start_ns = query->start_ns;
  request.end_ns = query->end_ns;
  request.step_ns = query->step_ns;
  if (query->timeout_ns > 0) request.timeout_ns = query->timeout_ns;
  request.lookback_ns = query->lookback_ns;
  request.limit = query->limit;
  request.cancel = query->cancel;
  if (request.step_ns < 0 || (request.step_ns > 0 && request.end_ns < request.start_ns))
    return Error::invalid("the step must not be negative, and the end not before the start").to_c(error);
  const auto outcome = service.with_store_([&](const tarsier_samples_store& store) {
    return service.engine_.query(store, request, [&](const QueryAnswer& answer) {
      const CAnswer made(answer);
      const tarsier_query_result result = made.result();
      on_result(user, &result);
    });
  });
  return outcome.to_c(error);
}

tarsier_status QueryService::parse(void*, tarsier_str expression, tarsier_sink formatted, tarsier_error* error) {
  auto tree = promql::parse(view(expression));
  if (!tree) return tree.error().to_c(error);
  if (formatted.write != nullptr) formatted.write(formatted.user, bytes(print_pretty(**tree)));
  return TARSIER_OK;
}

}  // namespace tarsier::promql
