// /query_exemplars: the exemplars of the series that an expression reads.
#include <algorithm>
#include <map>

#include "plugins/lib/promql/parser.hpp"
#include "plugins/lib/promql/selectors.hpp"
#include "plugins/query/promql/api/envelope.hpp"
#include "plugins/query/promql/api/handlers.hpp"
#include "plugins/query/promql/api/parameters.hpp"
#include "plugins/query/promql/api/query_json.hpp"
#include "plugins/query/promql/api/selection.hpp"

namespace tarsier::promql {
namespace {

constexpr int64_t kNsPerMs = 1'000'000;

struct Exemplar {
  Labels labels;
  int64_t time_ns;
  double value;
};
/// By series: two selectors may find the same one, which is shown once.
using Exemplars = std::map<Labels, std::vector<Exemplar>>;

int32_t keep(void* user, const tarsier_series* series, const tarsier_exemplar* exemplars, uint64_t count) {
  auto& found = *static_cast<Exemplars*>(user);
  const auto [place, fresh] = found.try_emplace(Labels::from(series->labels, series->label_count));
  if (!fresh) return 1;
  for (uint64_t i = 0; i < count; ++i)
    place->second.push_back(
        {Labels::from(exemplars[i].labels, exemplars[i].label_count), exemplars[i].time_ns, exemplars[i].value});
  return 1;
}

Result<void> read(const tarsier_samples_store& store, const VectorSelector& selector, int64_t start_ns, int64_t end_ns,
                  const http::Exchange& exchange, Exemplars& found, std::vector<std::string>& warnings) {
  const Selection selection(selector.matchers, start_ns, end_ns, exchange, &warnings);
  tarsier_error error = empty_error();
  if (const tarsier_status status = store.exemplars(store.self, &selection.raw(), &found, keep, &error); status != TARSIER_OK)
    return Error::from_c(status, error);
  return {};
}

void write_exemplars(json::Writer& json, const Exemplars& found) {
  json.begin_array();
  for (const auto& [series, exemplars] : found) {
    json.begin_object().key("seriesLabels");
    write_labels(json, series);
    json.key("exemplars").begin_array();
    for (const Exemplar& exemplar : exemplars) {
      json.begin_object().key("labels");
      write_labels(json, exemplar.labels);
      json.key("value").quoted_double(exemplar.value).key("timestamp").seconds_of_ms(exemplar.time_ns / kNsPerMs).end_object();
    }
    json.end_array().end_object();
  }
  json.end_array();
}

}  // namespace

void Api::query_exemplars(const Request& request, const Exchange& exchange) {
  const http::Form form(request);
  int64_t start_ns = kMinTimeNs, end_ns = kMaxTimeNs;
  if (auto bad = read_time_parameter(form, "start", start_ns)) return refuse(exchange, *bad);
  if (auto bad = read_time_parameter(form, "end", end_ns)) return refuse(exchange, *bad);
  if (end_ns < start_ns) return refuse(exchange, 400, "bad_data", "end timestamp must not be before start timestamp");
  const auto tree = parse(form.get("query"));
  if (!tree) return refuse(exchange, 400, "bad_data", tree.error().message());
  const auto selectors = selectors_of(**tree);
  if (selectors.empty()) return exchange.api()->respond(exchange.raw(), 204, nullptr, 0, bytes(""));  // as the original
  auto store = store_.acquire_wait();
  if (!store) return refuse(exchange, store.error());
  const tarsier_samples_store* const table = &**store;
  if (!TARSIER_HAS(table, exemplars) || table->exemplars == nullptr)
    return refuse(exchange, 501, "unavailable", "the store of samples keeps no exemplars");
  Exemplars found;
  std::vector<std::string> warnings;
  for (const VectorSelector* selector : selectors) {
    if (auto done = read(*table, *selector, start_ns, end_ns, exchange, found, warnings); !done)
      return refuse(exchange, done.error());
  }
  std::sort(warnings.begin(), warnings.end());  // two selectors may meet the same damage
  warnings.erase(std::unique(warnings.begin(), warnings.end()), warnings.end());
  answer(exchange, [&](json::Writer& json) { write_exemplars(json, found); }, warnings);
}

}  // namespace tarsier::promql
