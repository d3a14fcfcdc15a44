#include "plugins/alert/rules/promql_querier.hpp"

#include <algorithm>

namespace tarsier::rules {
namespace {

struct Answer {
  std::vector<Element> elements;
  tarsier_value_type type = TARSIER_VALUE_VECTOR;
};

/// Alerts and recordings are named by their rule, so the metric's own name is left out.
void take(Answer& answer, const tarsier_query_result& result) {
  answer.type = result.type;
  for (uint64_t i = 0; i < result.series_count; ++i) {
    const tarsier_series& series = result.series[i];
    if (series.sample_count == 0) continue;
    const uint64_t last = series.sample_count - 1;
    Element element;
    for (uint32_t label = 0; label < series.label_count; ++label) {
      const std::string_view name = view(series.labels[label].name);
      if (name != "__name__") element.labels.emplace_back(name, view(series.labels[label].value));
    }
    if (series.histogram_offsets != nullptr && series.histogram_offsets[last] != series.histogram_offsets[last + 1]) {
      element.histogram.assign(series.histogram_bytes + series.histogram_offsets[last],
                               series.histogram_bytes + series.histogram_offsets[last + 1]);
      element.sum = series.values[last];
    } else {
      element.value = series.values[last];
    }
    answer.elements.push_back(std::move(element));
  }
}

}  // namespace

Result<std::vector<Element>> PromqlQuerier::query(const std::string& expression, int64_t time_ns) {
  auto use = promql_.acquire_wait();
  if (!use) return std::move(use).error();
  tarsier_query query{};
  query.size = sizeof(query);
  query.expression = str(expression);
  query.start_ns = time_ns;
  query.end_ns = time_ns;
  query.timeout_ns = timeout_ns_;
  Answer answer;
  tarsier_error error = empty_error();
  const tarsier_status status =
      (*use)->query((*use)->self, &query, &answer,
                    [](void* user, const tarsier_query_result* result) { take(*static_cast<Answer*>(user), *result); }, &error);
  if (status != TARSIER_OK) return Error::from_c(status, error);
  if (answer.type != TARSIER_VALUE_VECTOR && answer.type != TARSIER_VALUE_SCALAR)
    return Error::invalid("rule result is not a vector or scalar");
  return std::move(answer.elements);
}

}  // namespace tarsier::rules
