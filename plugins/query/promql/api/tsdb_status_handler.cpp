// /status/tsdb: how much there is in the store, and what it is made of.
#include <array>

#include "plugins/lib/promql/number.hpp"
#include "plugins/query/promql/api/envelope.hpp"
#include "plugins/query/promql/api/handlers.hpp"
#include "plugins/query/promql/api/parameters.hpp"

namespace tarsier::promql {
namespace {

constexpr int64_t kNsPerMs = 1'000'000;

struct Count {
  std::string name;
  uint64_t value;
};
/// By TARSIER_CARDINALITY_*, each descending.
using Counts = std::array<std::vector<Count>, 5>;

void keep(void* user, const tarsier_cardinality* item) {
  auto& counts = *static_cast<Counts*>(user);
  if (item->kind < 0 || static_cast<size_t>(item->kind) >= counts.size()) return;  // of a newer store
  std::string name(view(item->name));
  if (item->kind == TARSIER_CARDINALITY_SERIES_BY_PAIR) name.append("=").append(view(item->value));
  counts[static_cast<size_t>(item->kind)].push_back({std::move(name), item->count});
}

void write_counts(json::Writer& json, std::string_view key, const std::vector<Count>& counts) {
  json.key(key).begin_array();
  for (const auto& [name, value] : counts)
    json.begin_object().key("name").string(name).key("value").integer(static_cast<int64_t>(value)).end_object();
  json.end_array();
}

void write_head(json::Writer& json, const tarsier_store_stat& stat) {
  json.key("headStats").begin_object();
  json.key("numSeries").integer(static_cast<int64_t>(stat.series));
  json.key("numLabelPairs").integer(static_cast<int64_t>(stat.label_pairs));
  json.key("chunkCount").integer(static_cast<int64_t>(stat.chunks));
  json.key("minTime").integer(stat.min_time_ns / kNsPerMs).key("maxTime").integer(stat.max_time_ns / kNsPerMs).end_object();
}

}  // namespace

void Api::tsdb(const Request& request, const Exchange& exchange) {
  const http::Form form(request);
  int64_t limit = 10;
  if (const std::string_view text = form.get("limit"); !text.empty()) {
    const auto number = read_integer(text);
    if (!number || *number < 1 || *number > 10000) return refuse(exchange, 400, "bad_data", "limit must be a positive number");
    limit = *number;
  }
  auto store = store_.acquire_wait();
  if (!store) return refuse(exchange, store.error());
  const tarsier_samples_store* const table = &**store;
  if (!TARSIER_HAS(table, cardinality) || table->cardinality == nullptr)
    return refuse(exchange, 501, "unavailable", "the store of samples does not count its series by metric and label");
  tarsier_store_stat stat{};
  stat.size = sizeof(stat);
  Counts counts;
  tarsier_error error = empty_error();
  tarsier_status status = table->stat(table->self, &stat, &error);
  if (status == TARSIER_OK) status = table->cardinality(table->self, static_cast<uint64_t>(limit), &counts, keep, &error);
  if (status != TARSIER_OK) return refuse(exchange, Error::from_c(status, error));
  answer(exchange, [&](json::Writer& json) {
    json.begin_object();
    write_head(json, stat);
    write_counts(json, "seriesCountByMetricName", counts[TARSIER_CARDINALITY_SERIES_BY_METRIC]);
    write_counts(json, "labelValueCountByLabelName", counts[TARSIER_CARDINALITY_VALUES_BY_LABEL]);
    write_counts(json, "memoryInBytesByLabelName", counts[TARSIER_CARDINALITY_BYTES_BY_LABEL]);
    write_counts(json, "seriesCountByLabelValuePair", counts[TARSIER_CARDINALITY_SERIES_BY_PAIR]);
    write_counts(json, "newSeriesByMetricName", counts[TARSIER_CARDINALITY_NEW_SERIES_BY_METRIC]);
    json.end_object();
  });
}

}  // namespace tarsier::promql
