// The plugin `promql`: answers PromQL over a samples store, to other plugins (tarsier.promql/1) and over the Prometheus HTTP API.
#include "tarsier/plugin.hpp"

#include <memory>

#include "plugins/query/promql/api/handlers.hpp"
#include "plugins/query/promql/api/slow_queries.hpp"
#include "plugins/query/promql/exec/engine.hpp"
#include "plugins/query/promql/service.hpp"
#include "tarsier/http.hpp"

namespace tarsier::promql {
namespace {

class PromqlPlugin final : public Plugin {
 public:
  using Plugin::Plugin;

  Result<void> configure(const Config& config) override {
    options_ = read(config);
    admin_api_ = config["admin_api"].boolean();
    slow_queries_.set_threshold(config["slow_query"].duration_ns());
    return {};
  }

  Result<void> start() override {
    engine_ = std::make_unique<Engine>(options_, [this] { return host().mono_ns(); });
    engine_->on_finished([this](const FinishedQuery& query) { slow_queries_.finished(query); });
    store_ = ServiceRef<tarsier_samples_store>(host(), TARSIER_SAMPLES_STORE_SERVICE);
    service_ = std::make_unique<QueryService>(*engine_, [this](const auto& use_store) -> Result<void> {
      auto store = store_.acquire_wait();
      if (!store) return std::move(store).error();
      return use_store(**store);
    });
    api_ = std::make_unique<Api>(host(), *engine_, store_);
    api_->allow_admin(admin_api_);
    routes_ = std::make_unique<http::Routes>(host());
    if (auto added = api_->add_routes(*routes_); !added) {
      // Without an HTTP server the service still answers.
      if (added.error().code() != TARSIER_UNAVAILABLE) return added;
      host().info("no HTTP server: the Prometheus API is not served");
    }
    host().ok();
    return {};
  }

  Result<void> reconfigure(const Config& config) override {
    options_ = read(config);
    engine_->set_options(options_);
    api_->allow_admin(config["admin_api"].boolean());
    slow_queries_.set_threshold(config["slow_query"].duration_ns());
    return {};
  }

  Result<void> stop(int64_t /*deadline_ns*/) override {
    routes_.reset();
    api_.reset();
    service_.reset();
    engine_.reset();
    return {};
  }

  const void* service(std::string_view name) override {
    return name == TARSIER_PROMQL_SERVICE && service_ != nullptr ? service_->table() : nullptr;
  }

 private:
  static EngineOptions read(const Config& config) {
    EngineOptions options;
    options.limits.timeout_ns = config["timeout"].duration_ns();
    options.limits.max_samples = static_cast<uint64_t>(config["max_samples"].integer());
    options.limits.max_series = static_cast<uint64_t>(config["max_series"].integer());
    options.gate.max_concurrency = static_cast<uint32_t>(config["max_concurrency"].integer());
    options.gate.max_queued = static_cast<uint32_t>(config["max_queued"].integer());
    options.gate.queue_timeout_ns = config["queue_timeout"].duration_ns();
    options.lookback_ns = config["lookback_delta"].duration_ns();
    options.default_step_ns = config["default_step"].duration_ns();
    options.delayed_name_removal = config["delayed_name_removal"].boolean();
    options.experimental_functions = config["experimental_functions"].boolean();
    options.use_start_timestamps = config["use_start_timestamps"].boolean();
    return options;
  }

  EngineOptions options_;
  bool admin_api_ = false;
  SlowQueries slow_queries_{host()};
  std::unique_ptr<Engine> engine_;
  ServiceRef<tarsier_samples_store> store_;
  std::unique_ptr<QueryService> service_;
  std::unique_ptr<Api> api_;
  std::unique_ptr<http::Routes> routes_;
};

constexpr const char* kKinds[] = {"query", nullptr};

constexpr tarsier_config_key kKeys[] = {
    key("timeout", TARSIER_KEY_DURATION, "2m", "A query that takes longer ends with an error.", "1ms..", TARSIER_KEY_RELOADABLE),
    key("max_samples", TARSIER_KEY_INT, "50000000", "Samples that one query may hold in memory.", "1..", TARSIER_KEY_RELOADABLE),
    key("max_series", TARSIER_KEY_INT, "0", "Series that one selector may match; 0: any number.", "0..", TARSIER_KEY_RELOADABLE),
    key("max_concurrency", TARSIER_KEY_INT, "20", "Queries at work at once; others wait, and clients take turns.", "1..10000",
        TARSIER_KEY_RELOADABLE),
    key("max_queued", TARSIER_KEY_INT, "1000", "Queries that wait; more are refused.", "0..100000", TARSIER_KEY_RELOADABLE),
    key("queue_timeout", TARSIER_KEY_DURATION, "1m", "A query that waits longer is refused.", "1ms..", TARSIER_KEY_RELOADABLE),
    key("slow_query", TARSIER_KEY_DURATION, "5s", "A query that takes longer is logged as a warning; 0: none is.", "0s..",
        TARSIER_KEY_RELOADABLE),
    key("lookback_delta", TARSIER_KEY_DURATION, "5m", "How old a sample may be to count as the present value.", "1ms..",
        TARSIER_KEY_RELOADABLE),
    key("default_step", TARSIER_KEY_DURATION, "1m", "The step of subqueries that name none.", "1ms..", TARSIER_KEY_RELOADABLE),
    key("delayed_name_removal", TARSIER_KEY_BOOL, "false", "Take metric names away at the end of a query, not in each function.",
        nullptr, TARSIER_KEY_RELOADABLE),
    key("experimental_functions", TARSIER_KEY_BOOL, "true", "Allow the functions that Prometheus calls experimental.", nullptr,
        TARSIER_KEY_RELOADABLE),
    key("use_start_timestamps", TARSIER_KEY_BOOL, "false",
        "rate(), irate(), increase() and resets() look at start timestamps; allow start_timestamp().", nullptr,
        TARSIER_KEY_RELOADABLE),
    key("admin_api", TARSIER_KEY_BOOL, "false", "Allow deletion, cleaning and snapshots over HTTP (/api/v1/admin/tsdb).", nullptr,
        TARSIER_KEY_RELOADABLE),
};
TARSIER_TABLE(kKeyTable, kKeys);

constexpr tarsier_need kNeeds[] = {need(TARSIER_SAMPLES_STORE_SERVICE), optional_need(TARSIER_HTTP_SERVICE)};
TARSIER_TABLE(kNeedTable, kNeeds);

constexpr tarsier_offer kOffers[] = {offer(TARSIER_PROMQL_SERVICE, TARSIER_OFFER_REBINDABLE)};
TARSIER_TABLE(kOfferTable, kOffers);

constexpr tarsier_plugin kPlugin = tarsier::describe<PromqlPlugin>({
    .id = "promql",
    .version = "0.1.0",
    .summary = "Answers PromQL, to other plugins and over the Prometheus HTTP API.",
    .kinds = kKinds,
    .keys = kKeyTable.data(),
    .needs = kNeedTable.data(),
    .offers = kOfferTable.data(),
    .sample_toml = "[plugin.promql]\n",
    .flags = TARSIER_PLUGIN_PARALLEL,
});

}  // namespace
}  // namespace tarsier::promql

TARSIER_PLUGIN(tarsier::promql::kPlugin, "promql", "query", "0.1.0");
