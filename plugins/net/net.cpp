// Plugin net: the HTTP server and client of all other plugins.
#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "plugins/lib/http/client.hpp"
#include "plugins/lib/http/io_threads.hpp"
#include "plugins/net/access_log.hpp"
#include "plugins/net/builtin_routes.hpp"
#include "plugins/net/entrypoints.hpp"
#include "plugins/net/held_requests.hpp"
#include "plugins/net/http_service.hpp"
#include "plugins/net/net_metrics.hpp"
#include "plugins/net/owners.hpp"
#include "plugins/net/schema.hpp"
#include "plugins/net/settings.hpp"
#include "plugins/net/work_queue.hpp"
#include "tarsier/plugin.hpp"

namespace tarsier::net {
namespace {

class HostLog final : public Log {
 public:
  explicit HostLog(const Host& host) : host_(host) {}
  void write(tarsier_log_level level, std::string_view message, std::initializer_list<Field> fields) override {
    if (!host_.logs(level)) return;
    std::vector<tarsier_pair> pairs;
    for (const auto& [name, value] : fields) pairs.push_back(field(name, value));
    host_.log_service->write(host_.raw(), level, str(message), pairs.data(), static_cast<uint32_t>(pairs.size()));
  }

 private:
  const Host& host_;
};

/// Everything that runs between start and stop; members end in the reverse order.
struct Running {
  Running(Host& the_host, const NetSettings& settings)
      : log(the_host),
        held(the_host),
        queue(the_host),
        metrics(the_host),
        access_log(the_host, queue, settings.access_log),
        owners(the_host, router),
        builtin(the_host, [this] { metrics.refresh(client.stats()); }),
        threads(settings.threads),
        client(threads, queue, settings.client),
        entrypoints(the_host, parts()),
        service(the_host, owners, client) {}

  Entrypoints::Parts parts() {
    Entrypoints::Parts made;
    made.threads = &threads;
    made.executor = &queue;
    made.log = &log;
    made.router = &router;
    made.held = &held;
    made.metrics = &metrics;
    made.finished = [this](const Request& request, const RequestRecord& record) {
      metrics.finished(request.entrypoint, record);
      access_log.add(request, record);
    };
    return made;
  }

  HostLog log;
  Router router;
  HeldRequests held;
  WorkQueue queue;  // runs what is left at its end: the two above are still there then
  NetMetrics metrics;
  AccessLog access_log;
  Owners owners;
  BuiltinRoutes builtin;
  IoThreads threads;
  Client client;
  Entrypoints entrypoints;
  HttpService service;
};

class Net final : public Plugin {
 public:
  using Plugin::Plugin;

  Result<void> configure(const Config& config) override {
    auto settings = read_settings(config);
    if (!settings) return std::move(settings).error();
    settings_ = std::move(*settings);
    return {};
  }

  Result<void> start() override {
    auto running = std::make_unique<Running>(host(), settings_);
    if (auto added = running->builtin.add_to(running->router); !added) return added;
    auto opened = running->entrypoints.apply(settings_.entrypoints, settings_.access);
    if (!opened) (void)running->entrypoints.stop(std::chrono::steady_clock::now());
    (opened ? running_ : not_started_) = std::move(running);
    return opened;
  }

  /// Entrypoints come, change and go under the plugins that use them; for the rest the host replaces the instance.
  Result<void> reconfigure(const Config& config) override {
    auto settings = read_settings(config);
    if (!settings) return std::move(settings).error();
    const bool other_base = settings->threads != settings_.threads || settings->client != settings_.client ||
                            settings->access_log != settings_.access_log;
    if (!running_ || other_base) return Plugin::reconfigure(config);
    if (auto applied = running_->entrypoints.apply(settings->entrypoints, settings->access); !applied) return applied;
    settings_ = std::move(*settings);
    return {};
  }

  /// The successor listens beside this one. Clients go over to it while the plugins whose routes are here still answer; then these
  /// register with the successor, which holds their requests meanwhile.
  Result<void> hand_over(int64_t deadline_ns) override {
    if (!running_) return {};
    running_->builtin.answer_pending_reload();
    running_->held.close();
    running_->entrypoints.hand_over(std::chrono::steady_clock::now() + std::chrono::nanoseconds(deadline_ns - host().mono_ns()));
    return {};
  }

  Result<void> stop(int64_t deadline_ns) override {
    if (!running_) return {};
    Running& running = *running_;
    running.queue.use_own_thread();  // the host runs no more jobs for us
    running.builtin.answer_pending_reload();
    running.held.close();
    running.owners.let_go();
    const int64_t left_ns = std::max<int64_t>(deadline_ns - host().mono_ns() - kReserveNs, 0);
    if (!running.entrypoints.stop(std::chrono::steady_clock::now() + std::chrono::nanoseconds(left_ns))) {
      host().warn("connections were cut because they did not end in time");
    }
    running.client.stop();
    if (const size_t owed = running.owners.owed(); owed > 0) {
      return Error(TARSIER_DEADLINE, std::to_string(owed) + " requests are still with the plugins that answer them");
    }
    running_.reset();
    return {};
  }

  const void* service(std::string_view name) override {
    return name == TARSIER_HTTP_SERVICE && running_ ? &running_->service.table : nullptr;
  }

 private:
  static constexpr int64_t kReserveNs = 500'000'000;  // of the time to stop, for what comes after the connections

  NetSettings settings_;
  std::unique_ptr<Running> running_;
  std::unique_ptr<Running> not_started_;  // jobs of it may be posted, which the host takes back before it destroys this
};

constexpr const char* kKinds[] = {"transport", nullptr};
constexpr tarsier_offer kOffers[] = {offer(TARSIER_HTTP_SERVICE)};
TARSIER_TABLE(kKeyTable, kKeys);
TARSIER_TABLE(kOfferTable, kOffers);

constexpr tarsier_plugin kPlugin = describe<Net>({
    .id = "net",
    .version = "0.1.0",
    .summary = "HTTP server and client for all other plugins: entrypoints, TLS, limits, routes.",
    .kinds = kKinds,
    .keys = kKeyTable.data(),
    .offers = kOfferTable.data(),
    .sample_toml = "[plugin.net]\n\n[plugin.net.entrypoint.main]\naddress = \"127.0.0.1:3001\"\n",
    .flags = TARSIER_PLUGIN_PARALLEL | TARSIER_PLUGIN_SINGLETON,
});

}  // namespace
}  // namespace tarsier::net

TARSIER_PLUGIN_NAMED(tarsier::net::kPlugin, "net", "transport", "0.1.0", "http")
