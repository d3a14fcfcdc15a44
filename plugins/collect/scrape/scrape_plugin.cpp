// The plugin "scrape": asks targets for their pages, in the text format, OpenMetrics or protobuf, and puts the samples on the bus.
#include <array>
#include <chrono>
#include <memory>
#include <mutex>
#include <unistd.h>

#include "plugins/collect/scrape/discovery_feed.hpp"
#include "plugins/collect/scrape/job_toml.hpp"
#include "plugins/collect/scrape/pool_set.hpp"
#include "plugins/collect/scrape/relabel_steps.hpp"
#include "plugins/collect/scrape/suggestions.hpp"
#include "plugins/collect/scrape/targets_api.hpp"
#include "plugins/lib/client_config/keys.hpp"
#include "plugins/lib/promql/text.hpp"
#include "plugins/lib/publisher/samples_publisher.hpp"
#include "plugins/lib/relabel/rule_config.hpp"
#include "tarsier/http.hpp"
#include "tarsier/plugin.hpp"
#include "tarsier/service/metadata.h"
#include "tarsier/service/samples_sink.h"

namespace tarsier::scrape {
namespace {

constexpr std::string_view kJson = "application/json";

class ScrapePlugin final : public Plugin {
 public:
  explicit ScrapePlugin(const tarsier_host* raw) : Plugin(raw) {}

  Result<void> configure(const Config& config) override {
    auto jobs = read_jobs(config);
    if (!jobs) return std::move(jobs).error();
    jobs_ = std::move(*jobs);
    max_waiting_bytes_ = config["max_waiting_bytes"].size_bytes();
    note_place(config);
    return {};
  }

  Result<void> start() override {
    running_ = std::make_unique<Running>(host(), max_waiting_bytes_);
    auto begun = add_routes();
    if (begun) begun = running_->pools.apply(jobs_);
    if (begun) begun = running_->feed.start();
    if (!begun) running_.reset();
    return begun;
  }

  Result<void> reconfigure(const Config& config) override {
    auto jobs = read_jobs(config);
    if (!jobs) return std::move(jobs).error();
    if (config["max_waiting_bytes"].size_bytes() != max_waiting_bytes_)
      return Error(TARSIER_UNSUPPORTED, "max_waiting_bytes needs a restart of the instance");
    if (auto applied = running_->pools.apply(*jobs); !applied) return applied;
    jobs_ = std::move(*jobs);
    note_place(config);
    return {};
  }

  static Result<void> suggest(const Suggestions& to) {
    Surroundings seen;
    seen.listeners = machine::listeners();
    seen.processes = machine::processes();
    seen.containers = count_containers();
    std::array<char, 256> name{};
    if (::gethostname(name.data(), name.size() - 1) == 0) seen.host_name = name.data();
    seen.page = [](const std::string& address, std::chrono::milliseconds time) {
      return short_get(address, "/metrics", {time}, "text/plain;version=0.0.4");
    };
    seen.may_go_on = [&to] {
      constexpr std::chrono::seconds kForOne{3};
      return (std::chrono::steady_clock::now() + kForOne).time_since_epoch() < std::chrono::nanoseconds(to.deadline_ns());
    };
    suggest_jobs(seen, [&to](const Suggestion& suggestion) { to.add(suggestion); });
    return {};
  }

  const void* service(std::string_view name) override { return name == TARSIER_METADATA_SERVICE ? &metadata_ : nullptr; }

  Result<void> stop(int64_t) override {
    // When the whole host stops it will be back soon, and markers would only tear a hole into every graph.
    const bool alone = host().control->ready(host().raw()) != 0;
    running_->publisher.leave();
    running_->feed.stop();
    running_->pools.stop(alone);
    running_.reset();
    return {};
  }

 private:
  struct Running {
    Running(const Host& host, uint64_t max_waiting_bytes)
        : publisher(host, max_waiting_bytes),
          routes(host),
          shared{host,
                 ServiceRef<tarsier_http>(host, TARSIER_HTTP_SERVICE),
                 publisher,
                 Counter(host, "tarsier_scrape_samples_total", "Samples taken from pages."),
                 Counter(host, "tarsier_scrape_skipped_total", "Scrapes skipped because the one before had not ended."),
                 Counter(host, "tarsier_scrape_repeated_total", "Samples left out because a page had their series before.")},
          pools(shared, [this](const std::string& job) { return feed.of(job); }),
          feed(host, [this](const std::string& job) { refresh(job); }) {}
    void refresh(const std::string& job) {
      if (const auto done = pools.refresh(job); !done)
        shared.host.warn("targets that were found are not scraped", {field("job", job), field("error", done.error().message())});
    }
    publisher::SamplesPublisher publisher;
    http::Routes routes;
    Shared shared;
    PoolSet pools;
    DiscoveryFeed feed;
  };

  static void tell_metadata(void* self, tarsier_str family, void* user, void (*each)(void*, const tarsier_metadata*)) {
    for (const Pool& pool : static_cast<ScrapePlugin*>(self)->running_->pools.snapshot())
      for (const auto& target : pool.targets)
        target->each_metadata([&](const Metadata& known) {
          if (family.size != 0 && known.family != view(family)) return;
          const tarsier_metadata plain = {sizeof(plain), known.type, str(known.family), str(known.help), str(known.unit)};
          each(user, &plain);
        });
  }

  Result<void> add_route(std::string_view pattern, std::function<void(const http::Form&, const http::Exchange&)> handler) {
    return running_->routes.add({.api = "prometheus", .pattern = pattern, .permission = "metrics:read"},
                                [handler = std::move(handler)](const http::Request& request, const http::Exchange& exchange) {
                                  const std::string fault = http::form_fault(request);
                                  if (fault.empty()) return handler(http::Form(request), exchange);
                                  exchange.respond(400, kJson, error_json("bad_data", "error parsing form values: " + fault));
                                });
  }

  static void answer_checked(const Result<std::string>& body, const http::Exchange& exchange) {
    if (!body) return exchange.respond(400, kJson, error_json("bad_data", body.error().message()));
    exchange.respond(200, kJson, *body);
  }

  /// Where the jobs stand in the host's configuration.
  void note_place(const Config& config) {
    const Config job = config["job"].at(0);
    if (!job.present()) return;
    const std::lock_guard lock(place_lock_);
    place_ = array_of(job.location());
  }

  void answer_config(std::string_view job, const http::Exchange& exchange) const {
    const auto refuse = [&](const std::string& text) { exchange.respond(400, kJson, error_json("bad_data", text)); };
    if (job.empty()) return refuse("no scrapePool parameter provided");
    std::string document, place;
    host().control->config_toml(
        host().raw(), {&document, [](void* user, tarsier_bytes piece) { static_cast<std::string*>(user)->append(view(piece)); }});
    {
      const std::lock_guard lock(place_lock_);
      place = place_;
    }
    const auto toml = job_toml(document, place, job);
    if (!toml) return refuse("error retrieving scrape config: scrape pool " + promql::quote(job) + " not found");
    exchange.respond(200, kJson, config_json(*toml));
  }

  Result<void> add_routes() {
    PoolSet& pools = running_->pools;
    auto added = add_route("/api/v1/targets", [&pools](const http::Form& form, const http::Exchange& exchange) {
      exchange.respond(200, kJson, targets_json(pools.snapshot(), form.get("state"), form.get("scrapePool")));
    });
    if (!added) return added;
    added = add_route("/api/v1/scrape_pools", [&pools](const http::Form&, const http::Exchange& exchange) {
      exchange.respond(200, kJson, scrape_pools_json(pools.snapshot()));
    });
    if (!added) return added;
    added = add_route("/api/v1/scrape_pools/config", [this](const http::Form& form, const http::Exchange& exchange) {
      answer_config(form.get("scrapePool"), exchange);
    });
    if (!added) return added;
    added = add_route("/api/v1/targets/relabel_steps", [&pools](const http::Form& form, const http::Exchange& exchange) {
      const auto is_set = [&form](std::string_view name) { return form.get(name) == "true" || form.get(name) == "1"; };
      const StepsWanted wanted{is_set("series"), is_set("explain")};
      answer_checked(relabel_steps_json(pools.snapshot(), form.get("scrapePool"), form.get("labels"), wanted), exchange);
    });
    if (!added) return added;
    return add_route("/api/v1/targets/metadata", [&pools](const http::Form& form, const http::Exchange& exchange) {
      answer_checked(metadata_json(pools.snapshot(), form.get("match_target"), form.get("metric"), form.get("limit")), exchange);
    });
  }

  std::vector<Job> jobs_;
  uint64_t max_waiting_bytes_ = 0;
  mutable std::mutex place_lock_;
  std::string place_;  // by place_lock_
  std::unique_ptr<Running> running_;
  const tarsier_metadata_source metadata_ = {sizeof(tarsier_metadata_source), 0, this, tell_metadata};
};

constexpr uint32_t kReloadable = TARSIER_KEY_RELOADABLE;
constexpr tarsier_config_key kKeys[] = {
    key("scrape_interval", TARSIER_KEY_DURATION, "15s", "how often targets are scraped", "10ms..", kReloadable),
    key("scrape_timeout", TARSIER_KEY_DURATION, "10s", "how long a scrape may take; at most the interval", "1ms..", kReloadable),
    key("metric_name_validation_scheme", TARSIER_KEY_STRING, "utf8",
        "legacy: a page with names in other letters than [a-zA-Z0-9_:] fails", "utf8|legacy", kReloadable),
    key("metric_name_escaping_scheme", TARSIER_KEY_STRING, nullptr,
        "how targets are asked to write such names; allow-utf-8 when absent, underscores with legacy",
        "allow-utf-8|underscores|dots|values", kReloadable),
    key("scrape_failure_log_file", TARSIER_KEY_STRING, nullptr, "failed scrapes are written there, a line of JSON each", nullptr,
        kReloadable),
    key("extra_scrape_metrics", TARSIER_KEY_BOOL, "false", "each scrape tells of its timeout, limit and size, too", nullptr,
        kReloadable),
    key("max_waiting_bytes", TARSIER_KEY_SIZE, "64MiB",
        "samples that wait while the store is busy; beyond it the oldest are dropped"),
    key("job[]", TARSIER_KEY_TABLE, nullptr, "a set of targets that are scraped alike", nullptr, kReloadable),
    key("job[].job_name", TARSIER_KEY_STRING, nullptr, "label job, unique", nullptr, TARSIER_KEY_REQUIRED | kReloadable),
    key("job[].scrape_interval", TARSIER_KEY_DURATION, nullptr, "the plugin's when absent", "10ms..", kReloadable),
    key("job[].scrape_timeout", TARSIER_KEY_DURATION, nullptr, "the plugin's, or the interval when that is shorter", "1ms..",
        kReloadable),
    key("job[].metric_name_validation_scheme", TARSIER_KEY_STRING, nullptr, "the plugin's when absent", "utf8|legacy", kReloadable),
    key("job[].metric_name_escaping_scheme", TARSIER_KEY_STRING, nullptr,
        "when absent by metric_name_validation_scheme of the same table", "allow-utf-8|underscores|dots|values", kReloadable),
    key("job[].scrape_failure_log_file", TARSIER_KEY_STRING, nullptr, "the plugin's when absent; \"\": none", nullptr, kReloadable),
    key("job[].extra_scrape_metrics", TARSIER_KEY_BOOL, nullptr, "the plugin's when absent", nullptr, kReloadable),
    key("job[].metrics_path", TARSIER_KEY_STRING, "/metrics", "path of the page", nullptr, kReloadable),
    key("job[].scheme", TARSIER_KEY_STRING, "http", "http or https", "http|https", kReloadable),
    key("job[].honor_labels", TARSIER_KEY_BOOL, "false", "a scraped label wins over the target's of the same name", nullptr,
        kReloadable),
    key("job[].honor_timestamps", TARSIER_KEY_BOOL, "true", "timestamps on the page are used", nullptr, kReloadable),
    key("job[].track_timestamps_staleness", TARSIER_KEY_BOOL, "false", "staleness markers for series with timestamps too", nullptr,
        kReloadable),
    key("job[].follow_redirects", TARSIER_KEY_BOOL, "true", "redirects are followed, at most 10", nullptr, kReloadable),
    key("job[].enable_compression", TARSIER_KEY_BOOL, "true", "gzip is asked for", nullptr, kReloadable),
    key("job[].scrape_protocols[]", TARSIER_KEY_STRING, nullptr,
        "formats that are asked for, the best first; when absent all of these, in this order, protobuf only for native histograms",
        "PrometheusProto|OpenMetricsText1.0.0|OpenMetricsText0.0.1|PrometheusText1.0.0|PrometheusText0.0.4", kReloadable),
    key("job[].fallback_scrape_protocol", TARSIER_KEY_STRING, "", "what a page without a usable Content-Type is taken for",
        "|PrometheusProto|OpenMetricsText1.0.0|OpenMetricsText0.0.1|PrometheusText1.0.0|PrometheusText0.0.4", kReloadable),
    key("job[].scrape_native_histograms", TARSIER_KEY_BOOL, "false", "native histograms are taken where a target has them", nullptr,
        kReloadable),
    key("job[].always_scrape_classic_histograms", TARSIER_KEY_BOOL, "false",
        "the classic buckets are taken, too, of histograms that come in both forms", nullptr, kReloadable),
    key("job[].convert_classic_histograms_to_nhcb", TARSIER_KEY_BOOL, "false",
        "classic histograms become native ones with custom buckets; with always_scrape_classic_histograms they are taken, too",
        nullptr, kReloadable),
    key("job[].native_histogram_bucket_limit", TARSIER_KEY_INT, "0",
        "native histograms with more buckets lose resolution, and the page fails when that does not help; 0: none", "0..",
        kReloadable),
    key("job[].native_histogram_min_bucket_factor", TARSIER_KEY_FLOAT, "0",
        "native histograms lose resolution until their buckets grow by that factor at least; 0: none", "0..", kReloadable),
    key("job[].params", TARSIER_KEY_TABLE, nullptr, "URL parameters: name = [values]", nullptr, kReloadable),
    key("job[].params.*[]", TARSIER_KEY_STRING, nullptr, "values of one parameter", nullptr, kReloadable),
    key("job[].sample_limit", TARSIER_KEY_INT, "0", "a page with more samples fails; 0: none", "0..", kReloadable),
    key("job[].target_limit", TARSIER_KEY_INT, "0", "a job with more targets scrapes none; 0: none", "0..", kReloadable),
    key("job[].label_limit", TARSIER_KEY_INT, "0", "a page with a series of more labels fails; 0: none", "0..", kReloadable),
    key("job[].label_name_length_limit", TARSIER_KEY_INT, "0", "in bytes; 0: none", "0..", kReloadable),
    key("job[].label_value_length_limit", TARSIER_KEY_INT, "0", "in bytes; 0: none", "0..", kReloadable),
    key("job[].body_size_limit", TARSIER_KEY_SIZE, "64MiB", "a larger page, uncompressed, fails", nullptr, kReloadable),
    TARSIER_CLIENT_KEYS("job[].", "true", kReloadable),
    key("job[].static_configs[]", TARSIER_KEY_TABLE, nullptr, "a list of targets with labels", nullptr, kReloadable),
    key("job[].static_configs[].targets[]", TARSIER_KEY_STRING, nullptr, "host:port", nullptr, kReloadable),
    key("job[].static_configs[].labels", TARSIER_KEY_TABLE, nullptr, "labels of these targets", nullptr, kReloadable),
    key("job[].static_configs[].labels.*", TARSIER_KEY_STRING, nullptr, "one label", nullptr, kReloadable),
    TARSIER_RELABEL_KEYS("job[].relabel_configs", "a rule that rewrites the labels of each target, or drops it", kReloadable),
    TARSIER_RELABEL_KEYS("job[].metric_relabel_configs", "a rule that rewrites the labels of each series, or drops it",
                         kReloadable),
    key("job[].keep_dropped_targets", TARSIER_KEY_INT, "0", "how many dropped targets are shown with their labels; 0: all", "0..",
        kReloadable),
};
constexpr tarsier_need kNeeds[] = {need(TARSIER_HTTP_SERVICE), optional_need("tarsier.samples.store/1"),
                                   optional_need(TARSIER_SAMPLES_SINK_SERVICE)};
constexpr tarsier_offer kOffers[] = {offer(TARSIER_METADATA_SERVICE, TARSIER_OFFER_REBINDABLE)};
constexpr const char* kKinds[] = {"collector", nullptr};
TARSIER_TABLE(kKeyTable, kKeys);
TARSIER_TABLE(kNeedTable, kNeeds);
TARSIER_TABLE(kOfferTable, kOffers);

constexpr tarsier_plugin kScrape = describe<ScrapePlugin>({
    .id = "scrape",
    .version = "0.1.0",
    .summary = "Scrapes targets that show their metrics in the Prometheus text format, OpenMetrics or protobuf.",
    .kinds = kKinds,
    .keys = kKeyTable.data(),
    .needs = kNeedTable.data(),
    .offers = kOfferTable.data(),
    .sample_toml = "[plugin.scrape]\n"
                   "scrape_interval = \"15s\"\n\n"
                   "[[plugin.scrape.job]]\n"
                   "job_name = \"tarsier\"\n"
                   "static_configs = [{ targets = [\"127.0.0.1:3001\"], labels = { env = \"demo\" } }]\n",
    .flags = TARSIER_PLUGIN_PARALLEL,
});

}  // namespace
}  // namespace tarsier::scrape

TARSIER_PLUGIN(tarsier::scrape::kScrape, "scrape", "collector", "0.1.0")
