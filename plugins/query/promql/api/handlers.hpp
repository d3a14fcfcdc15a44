// The handlers of the Prometheus HTTP API: queries, labels and series, status, administration. Each answers its exchange exactly
// once.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "plugins/query/promql/api/notifications.hpp"
#include "plugins/query/promql/api/store_retention.hpp"
#include "plugins/query/promql/api/told_warnings.hpp"
#include "plugins/query/promql/api/turns.hpp"
#include "plugins/query/promql/exec/engine.hpp"
#include "tarsier/host.hpp"
#include "tarsier/http.hpp"
#include "tarsier/metrics.hpp"
#include "tarsier/service/samples_store.h"

namespace tarsier::promql {

/// Where the address of a web page of the original leads to, without the prefix.
std::string old_page_target(std::string_view path, std::string_view query);

/// What the handlers need; lives as long as the instance runs.
class Api {
 public:
  Api(const Host& host, Engine& engine, const ServiceRef<tarsier_samples_store>& store);

  /// [ctl] In start.
  Result<void> add_routes(http::Routes& routes);
  /// Whether deletion, cleaning and snapshots may be asked for. [any]
  void allow_admin(bool allowed) noexcept { admin_ = allowed; }

 private:
  using Request = http::Request;
  using Exchange = http::Exchange;
  using Method = void (Api::*)(const Request&, const Exchange&);
  using QueryMethod = void (Api::*)(const Request&, const Exchange&, const Turn&);  // which waits for its turn

  // query_handlers.cpp
  void query(const Request& request, const Exchange& exchange, const Turn& turn);
  void query_range(const Request& request, const Exchange& exchange, const Turn& turn);
  void explain_query(const Request& request, const Exchange& exchange, const Turn& turn);
  void answer_query(const http::Form& form, bool range, const Exchange& exchange, const Turn& turn);
  /// False when a parameter was refused.
  bool read_query(const http::Form& form, bool range, QueryRequest& query, const Exchange& exchange) const;
  /// Evaluates it; `on_answer` finishes the exchange, unless there is an error to tell.
  void run(QueryRequest query, const Exchange& exchange, const Turn& turn,
           const std::function<void(std::shared_ptr<const QueryAnswer>)>& on_answer);
  void format_query(const Request& request, const Exchange& exchange);
  void parse_query(const Request& request, const Exchange& exchange);

  // remote_read_handler.cpp
  void remote_read(const Request& request, const Exchange& exchange);

  // federate_handler.cpp
  void federate(const Request& request, const Exchange& exchange);

  // exemplar_handlers.cpp
  void query_exemplars(const Request& request, const Exchange& exchange);

  // series_handlers.cpp
  void series(const Request& request, const Exchange& exchange);
  void delete_series(const Request& request, const Exchange& exchange);
  void labels(const Request& request, const Exchange& exchange);
  void label_values(const Request& request, const Exchange& exchange);
  void metadata(const Request& request, const Exchange& exchange);
  void names(const http::Form& form, const std::string* label, const Exchange& exchange);

  // search_handlers.cpp
  struct SearchKind {
    std::string_view endpoint, key;    // of a name in the answer
    std::optional<std::string> label;  // whose values are searched; none: names of labels are
    bool metadata;                     // may be asked for
  };
  void search(const http::Form& form, const SearchKind& kind, const Exchange& exchange);
  void search_metric_names(const Request& request, const Exchange& exchange);
  void search_label_names(const Request& request, const Exchange& exchange);
  void search_label_values(const Request& request, const Exchange& exchange);

  // status_handlers.cpp
  /// None when the store does not tell, or is not there: what else there is to tell does not need it.
  Result<std::optional<StoreRetention>> retention_of_store() const;
  void build_info(const Request& request, const Exchange& exchange);
  void version(const Request& request, const Exchange& exchange);
  void runtime_info(const Request& request, const Exchange& exchange);
  void flags(const Request& request, const Exchange& exchange);
  void config(const Request& request, const Exchange& exchange);
  // self_metrics_handler.cpp
  void self_metrics(const Request& request, const Exchange& exchange);
  // features_handler.cpp
  void features(const Request& request, const Exchange& exchange);
  void wal_replay(const Request& request, const Exchange& exchange);
  void notifications(const Request& request, const Exchange& exchange);
  void notifications_live(const Request& request, const Exchange& exchange);

  // old_pages_handler.cpp
  Result<void> add_old_pages(http::Routes& routes);
  void old_page(const Request& request, const Exchange& exchange);

  // admin_handlers.cpp
  bool admin_is_on(const Exchange& exchange) const;
  void delete_samples(const Request& request, const Exchange& exchange);
  void clean_deleted(const Request& request, const Exchange& exchange);
  void snapshot(const Request& request, const Exchange& exchange);
  void flush(const Request& request, const Exchange& exchange);
  // tsdb_status_handler.cpp
  void tsdb(const Request& request, const Exchange& exchange);
  // tsdb_blocks_handler.cpp
  void tsdb_blocks(const Request& request, const Exchange& exchange);

  const Host& host_;
  Engine& engine_;
  const ServiceRef<tarsier_samples_store>& store_;
  Turns turns_;
  ToldWarnings told_warnings_;
  Notifications notifications_;
  std::atomic<bool> admin_{false};
};

}  // namespace tarsier::promql
