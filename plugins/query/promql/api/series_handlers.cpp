// /series, /labels, /label/NAME/values, /metadata
#include <algorithm>
#include <mutex>
#include <span>

#include "plugins/lib/promql/number.hpp"
#include "plugins/lib/promql/text.hpp"
#include "plugins/query/promql/api/envelope.hpp"
#include "plugins/query/promql/api/handlers.hpp"
#include "plugins/query/promql/api/metric_metadata.hpp"
#include "plugins/query/promql/api/parameters.hpp"
#include "plugins/query/promql/api/query_json.hpp"
#include "plugins/query/promql/api/selection.hpp"

namespace tarsier::promql {
namespace {

constexpr std::string_view kTruncated = "results truncated due to limit";

struct SeriesSet {
  std::mutex mutex;
  std::vector<Labels> labels;
};

/// The warnings of one answer, each once.
std::vector<std::string> annotated(std::vector<std::string> warnings, bool cut) {
  if (cut) warnings.emplace_back(kTruncated);
  std::sort(warnings.begin(), warnings.end());
  warnings.erase(std::unique(warnings.begin(), warnings.end()), warnings.end());
  return warnings;
}

}  // namespace

void Api::series(const Request& request, const Exchange& exchange) {
  const http::Form form(request);
  if (!form.has("match[]")) return refuse(exchange, 400, "bad_data", "no match[] parameter provided");
  SeriesParameters parameters;
  if (auto bad = read_series_parameters(form, parameters)) return refuse(exchange, *bad);
  auto store = store_.acquire_wait();
  if (!store) return refuse(exchange, store.error());
  SeriesSet found;
  std::vector<std::string> warnings;
  const uint64_t ask = parameters.limit == 0 ? 0 : parameters.limit + 1;
  for (const auto& list : parameters.matchers) {
    const Selection selection(list, parameters.start_ns, parameters.end_ns, exchange, &warnings);
    tarsier_error error = empty_error();
    const tarsier_status status = (*store)->series((*store)->self, &selection.raw(), ask, &found,
                                                   [](void* user, const tarsier_series* one) -> int32_t {
                                                     auto& set = *static_cast<SeriesSet*>(user);
                                                     Labels labels = Labels::from(one->labels, one->label_count);
                                                     const std::lock_guard lock(set.mutex);
                                                     set.labels.push_back(std::move(labels));
                                                     return 1;
                                                   },
                                                   &error);
    if (status != TARSIER_OK) return refuse(exchange, Error::from_c(status, error));
  }
  std::sort(found.labels.begin(), found.labels.end());
  found.labels.erase(std::unique(found.labels.begin(), found.labels.end()), found.labels.end());
  const bool cut = parameters.limit != 0 && found.labels.size() > parameters.limit;
  if (cut) found.labels.resize(parameters.limit);
  answer(
      exchange,
      [&](json::Writer& json) {
        json.begin_array();
        for (const Labels& labels : found.labels) write_labels(json, labels);
        json.end_array();
      },
      annotated(std::move(warnings), cut));
}

void Api::delete_series(const Request&, const Exchange& exchange) { refuse(exchange, 500, "internal", "not implemented"); }

/// Names of labels, or the values of `label`, of the series that any match[] selects.
void Api::names(const http::Form& form, const std::string* label, const Exchange& exchange) {
  SeriesParameters parameters;
  if (auto bad = read_series_parameters(form, parameters)) {
    if (bad->name == "match[]") bad->name.clear();  // the original says it without a name here, and with it for /series
    return refuse(exchange, *bad);
  }
  auto store = store_.acquire_wait();
  if (!store) return refuse(exchange, store.error());
  if (parameters.matchers.empty()) parameters.matchers.emplace_back();
  std::vector<std::string> found, warnings;
  const auto collect = [](void* user, tarsier_str text) { static_cast<std::vector<std::string>*>(user)->emplace_back(view(text)); };
  const uint64_t ask = parameters.limit == 0 ? 0 : parameters.limit + 1;
  for (const auto& list : parameters.matchers) {
    const Selection selection(list, parameters.start_ns, parameters.end_ns, exchange, &warnings);
    tarsier_error error = empty_error();
    const tarsier_status status =
        label == nullptr ? (*store)->label_names((*store)->self, &selection.raw(), ask, &found, collect, &error)
                         : (*store)->label_values((*store)->self, str(*label), &selection.raw(), ask, &found, collect, &error);
    if (status != TARSIER_OK) return refuse(exchange, Error::from_c(status, error));
  }
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  const bool cut = parameters.limit != 0 && found.size() > parameters.limit;
  if (cut) found.resize(parameters.limit);
  answer(
      exchange,
      [&](json::Writer& json) {
        json.begin_array();
        for (const std::string& text : found) json.string(text);
        json.end_array();
      },
      annotated(std::move(warnings), cut));
}

void Api::labels(const Request& request, const Exchange& exchange) { names(http::Form(request), nullptr, exchange); }

void Api::label_values(const Request& request, const Exchange& exchange) {
  const std::string label = unescape_label(request.arg(0));
  if (label.empty() || !is_utf8(label)) return refuse(exchange, 400, "bad_data", "invalid label name: " + quote(label));
  names(http::Form(request), &label, exchange);
}

void Api::metadata(const Request& request, const Exchange& exchange) {
  const http::Form form(request);
  // As the original: what is below zero is no limit, and for the lines of a metric zero is none, too.
  int64_t limit = -1, of_a_metric = 0;
  for (const auto& [name, value] : {std::pair("limit", &limit), std::pair("limit_per_metric", &of_a_metric)}) {
    const std::string_view text = form.get(name);
    if (text.empty()) continue;
    const auto number = read_integer(text);
    if (!number) return refuse(exchange, 400, "bad_data", std::string(name) + " must be a number");
    *value = *number;
  }
  if (limit == 0) return answer(exchange, [](json::Writer& json) { json.begin_object().end_object(); });
  auto store = store_.acquire_wait();
  if (!store) return refuse(exchange, store.error());
  const auto found = read_all_metadata(host_, **store, form.get("metric"), static_cast<uint64_t>(std::max<int64_t>(limit, 0)));
  if (!found) return refuse(exchange, found.error());
  answer(exchange, [&](json::Writer& json) {
    json.begin_object();
    for (const auto& [name, entries] : *found) {
      json.key(name).begin_array();
      const size_t shown = of_a_metric > 0 ? std::min<size_t>(entries.size(), static_cast<size_t>(of_a_metric)) : entries.size();
      for (const MetricMetadata& entry : std::span(entries).first(shown))
        json.begin_object()
            .key("type")
            .string(entry.type)
            .key("help")
            .string(entry.help)
            .key("unit")
            .string(entry.unit)
            .end_object();
      json.end_array();
    }
    json.end_object();
  });
}

}  // namespace tarsier::promql
