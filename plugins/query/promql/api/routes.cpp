// Which path leads to which handler.
#include "plugins/query/promql/api/envelope.hpp"
#include "plugins/query/promql/api/handlers.hpp"

namespace tarsier::promql {
namespace {

constexpr int64_t kAdminTimeoutNs = 3'600'000'000'000;  // a large store is written anew

constexpr uint64_t kMaxFormBytes = uint64_t{10} << 20U;  // as the original takes them

/// Refuses a request whose parameters are malformed. The original does so for some paths, and for the others leaves out what it
/// cannot read: then a query would be answered for another time than the one that was asked for.
bool refuse_malformed(const http::Request& request, const http::Exchange& exchange, std::string_view pattern) {
  const std::string fault = http::form_fault(request);
  if (fault.empty()) return false;
  const std::string text = "error parsing form values: " + fault;
  if (pattern == "/federate") {
    exchange.respond(400, "text/plain; charset=utf-8", text + "\n");
  } else {
    refuse(exchange, 400, "bad_data", text);
  }
  return true;
}

}  // namespace

Api::Api(const Host& host, Engine& engine, const ServiceRef<tarsier_samples_store>& store)
    : host_(host), engine_(engine), store_(store), turns_(host, engine.gate()), notifications_(host, [&host] {
        return HostState::of(host);
      }) {}

Result<void> Api::add_routes(http::Routes& routes) {
  constexpr uint32_t kGet = TARSIER_HTTP_GET;
  constexpr uint32_t kForm = TARSIER_HTTP_GET | TARSIER_HTTP_POST;
  constexpr uint32_t kChange = TARSIER_HTTP_POST | TARSIER_HTTP_PUT;
  // The engine keeps the time of queries; the exchange only has to outlast it.
  const int64_t query_timeout_ns = engine_.options().limits.timeout_ns + 10'000'000'000;
  struct Row {
    uint32_t methods;
    std::string_view pattern;
    Method method;
    bool admin = false;
  };
  const Row rows[] = {
      {kForm, "/api/v1/query_exemplars", &Api::query_exemplars},
      {kForm, "/api/v1/format_query", &Api::format_query},
      {kForm, "/api/v1/parse_query", &Api::parse_query},
      {TARSIER_HTTP_POST, "/api/v1/read", &Api::remote_read},
      {kGet, "/federate", &Api::federate},
      {kForm, "/api/v1/series", &Api::series},
      {TARSIER_HTTP_DELETE, "/api/v1/series", &Api::delete_series},
      {kForm, "/api/v1/labels", &Api::labels},
      {kGet, "/api/v1/label/:/values", &Api::label_values},
      {kGet, "/api/v1/metadata", &Api::metadata},
      {kForm, "/api/v1/search/metric_names", &Api::search_metric_names},
      {kForm, "/api/v1/search/label_names", &Api::search_label_names},
      {kForm, "/api/v1/search/label_values", &Api::search_label_values},
      {kGet, "/api/v1/status/buildinfo", &Api::build_info},
      {kGet, "/version", &Api::version},
      {kGet, "/api/v1/status/runtimeinfo", &Api::runtime_info},
      {kGet, "/api/v1/status/flags", &Api::flags},
      {kGet, "/api/v1/status/config", &Api::config},
      {kGet, "/api/v1/status/self_metrics", &Api::self_metrics},
      {kGet, "/api/v1/features", &Api::features},
      {kGet, "/api/v1/status/tsdb", &Api::tsdb},
      {kGet, "/api/v1/status/tsdb/blocks", &Api::tsdb_blocks},
      {kGet, "/api/v1/status/walreplay", &Api::wal_replay},
      {kGet, "/api/v1/notifications", &Api::notifications},
      {kGet, "/api/v1/notifications/live", &Api::notifications_live},
      {kChange, "/api/v1/admin/tsdb/delete_series", &Api::delete_samples, true},
      {kChange, "/api/v1/admin/tsdb/clean_tombstones", &Api::clean_deleted, true},
      {kChange, "/api/v1/admin/tsdb/snapshot", &Api::snapshot, true},
      {kChange, "/-/flush", &Api::flush, true},
  };
  const std::pair<std::string_view, QueryMethod> queries[] = {
      {"/api/v1/query", &Api::query}, {"/api/v1/query_range", &Api::query_range}, {"/api/v1/explain_query", &Api::explain_query}};
  for (const auto& [pattern, method] : queries) {
    http::RouteSpec spec;
    spec.methods = kForm;
    spec.api = "prometheus";
    spec.pattern = pattern;
    spec.permission = "metrics:read";
    spec.max_body_bytes = kMaxFormBytes;
    spec.timeout_ns = query_timeout_ns;
    const Turns::Handler in_turn = [this, run = method](const Request& request, const Exchange& exchange, const Turn& turn) {
      (this->*run)(request, exchange, turn);
    };
    auto added = routes.add(spec, [this, in_turn, path = pattern](const Request& request, const Exchange& exchange) {
      if (!refuse_malformed(request, exchange, path)) turns_.take(request, exchange, in_turn);
    });
    if (!added) return added;
  }
  for (const Row& row : rows) {
    http::RouteSpec spec;
    spec.methods = row.methods;
    spec.api = "prometheus";
    spec.pattern = row.pattern;
    spec.permission = row.admin ? "admin" : "metrics:read";
    spec.max_body_bytes = row.methods == kForm ? kMaxFormBytes : 0;
    spec.timeout_ns = row.admin ? kAdminTimeoutNs : query_timeout_ns;
    auto added = routes.add(spec, [this, row](const Request& request, const Exchange& exchange) {
      if (!refuse_malformed(request, exchange, row.pattern)) (this->*row.method)(request, exchange);
    });
    if (!added) return added;
  }
  return add_old_pages(routes);
}

}  // namespace tarsier::promql
