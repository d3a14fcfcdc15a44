// Which path leads to which handler.
#include "plugins/query/promql/api/handlers.hpp"

namespace tarsier::promql {

Api::Api(const Host& host, Engine& engine, const ServiceRef<tarsier_samples_store>& store)
    : host_(host), engine_(engine), store_(store) {}

Result<void> Api::add_routes(http::Routes& routes) {
  constexpr uint32_t kGet = TARSIER_HTTP_GET;
  constexpr uint32_t kForm = TARSIER_HTTP_GET | TARSIER_HTTP_POST;
  struct Row {
    uint32_t methods;
    std::string_view pattern;
    Method method;
  };
  const Row rows[] = {
      {kForm, "/api/v1/query", &Api::query},
      {kForm, "/api/v1/query_range", &Api::query_range},
      {kForm, "/api/v1/query_exemplars", &Api::query_exemplars},
      {kForm, "/api/v1/format_query", &Api::format_query},
      {kForm, "/api/v1/series", &Api::series},
      {TARSIER_HTTP_DELETE, "/api/v1/series", &Api::delete_series},
      {kForm, "/api/v1/labels", &Api::labels},
      {kGet, "/api/v1/label/:/values", &Api::label_values},
      {kGet, "/api/v1/metadata", &Api::metadata},
      {kGet, "/api/v1/status/buildinfo", &Api::build_info},
      {kGet, "/api/v1/status/runtimeinfo", &Api::runtime_info},
      {kGet, "/api/v1/status/flags", &Api::flags},
      {kGet, "/api/v1/status/config", &Api::config},
      {kGet, "/api/v1/status/tsdb", &Api::tsdb},
      {kGet, "/api/v1/status/walreplay", &Api::wal_replay},
  };
  for (const Row& row : rows) {
    http::RouteSpec spec;
    spec.methods = row.methods;
    spec.api = "prometheus";
    spec.pattern = row.pattern;
    spec.permission = "metrics:read";
    // The engine keeps the time of queries; the exchange only has to outlast it.
    spec.timeout_ns = engine_.options().limits.timeout_ns + 10'000'000'000;
    auto added = routes.add(spec, [this, method = row.method](const Request& request, const Exchange& exchange) {
      (this->*method)(request, exchange);
    });
    if (!added) return added;
  }
  return {};
}

}  // namespace tarsier::promql
