// Plugin net: the HTTP server and client of all other plugins.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "plugins/lib/http/client.hpp"
#include "plugins/lib/http/io_threads.hpp"
#include "plugins/lib/http/server.hpp"
#include "plugins/net/access_log.hpp"
#include "plugins/net/builtin_routes.hpp"
#include "plugins/net/dispatcher.hpp"
#include "plugins/net/http_service.hpp"
#include "plugins/net/net_metrics.hpp"
#include "plugins/net/owners.hpp"
#include "plugins/net/schema.hpp"
#include "plugins/net/settings.hpp"
#include "plugins/net/work_queue.hpp"
#include "tarsier/plugin.hpp"
#include "tarsier/scheduler.hpp"

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
  Running(Host& the_host, NetSettings the_settings)
      : settings(std::move(the_settings)),
        log(the_host),
        queue(the_host),
        metrics(the_host),
        access_log(the_host, queue, settings.access_log),
        owners(the_host, router),
        builtin(the_host, [this] { metrics.refresh(client.stats()); }),
        threads(settings.threads),
        client(threads, queue, settings.client),
        server(threads, queue, log),
        service(the_host, owners, client) {}

  const NetSettings settings;
  HostLog log;
  WorkQueue queue;
  NetMetrics metrics;
  AccessLog access_log;
  Router router;
  Owners owners;
  BuiltinRoutes builtin;
  IoThreads threads;
  std::vector<std::unique_ptr<Dispatcher>> dispatchers;
  Client client;
  Server server;
  HttpService service;
  std::vector<Watch> certificate_watches;
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
    for (const EntrypointSettings& entrypoint : settings_.entrypoints) {
      if (auto opened = open(*running, entrypoint); !opened) return std::move(opened).error().in("entrypoint " + entrypoint.name);
    }
    running_ = std::move(running);
    return {};
  }

  Result<void> stop(int64_t deadline_ns) override {
    if (!running_) return {};
    Running& running = *running_;
    running.certificate_watches.clear();
    running.queue.use_own_thread();  // the host runs no more jobs for us
    running.builtin.answer_pending_reload();
    running.owners.let_go();
    const int64_t left_ns = std::max<int64_t>(deadline_ns - host().mono_ns() - kReserveNs, 0);
    if (!running.server.stop(std::chrono::steady_clock::now() + std::chrono::nanoseconds(left_ns))) {
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

  Result<void> open(Running& running, const EntrypointSettings& entrypoint) {
    DispatchContext context;
    context.router = &running.router;
    context.executor = &running.queue;
    context.access = &running.settings.access;
    context.is_ready = [this] { return host().control->ready(host().raw()) != 0; };
    context.finished = [&running](const Request& request, const RequestRecord& record) {
      running.metrics.finished(request.entrypoint, record);
      running.access_log.add(request, record);
    };
    running.dispatchers.push_back(std::make_unique<Dispatcher>(std::move(context), entrypoint.root, entrypoint.apis));
    EntrypointOptions options;
    options.name = entrypoint.name;
    options.address = entrypoint.address;
    options.limits = entrypoint.limits;
    if (entrypoint.tls) {
      auto tls = TlsServer::load(*entrypoint.tls);
      if (!tls) return std::move(tls).error();
      options.tls = *tls;
      if (auto watched = follow_certificate(running, entrypoint.name, std::move(*tls)); !watched) return watched;
    }
    auto bound = running.server.listen(std::move(options), *running.dispatchers.back());
    if (!bound) return std::move(bound).error();
    running.metrics.add_entrypoint(entrypoint.name, running.server.stats(entrypoint.name));
    host().info("listening",
                {field("entrypoint", entrypoint.name), field("address", *bound), field("tls", entrypoint.tls ? "yes" : "no")});
    return {};
  }

  Result<void> follow_certificate(Running& running, const std::string& name, const std::shared_ptr<TlsServer>& tls) {
    running.metrics.certificate(name, tls->expires_at());
    const auto reload = [this, &running, name, tls](std::string_view path, uint32_t) {
      if (auto reloaded = tls->reload(); !reloaded) {
        host().error("the new certificate is not used, the old one stays",
                     {field("entrypoint", name), field("error", reloaded.error().message())});
        host().degraded("entrypoint " + name + ": " + reloaded.error().message());
        return;
      }
      host().info("certificate reloaded", {field("entrypoint", name), field("file", path)});
      running.metrics.certificate(name, tls->expires_at());
      host().ok();
    };
    for (const std::string* file : {&tls->options().cert_file, &tls->options().key_file, &tls->options().client_ca_file}) {
      if (file->empty()) continue;
      auto watched = watch(host(), *file, reload);
      if (!watched) return std::move(watched).error();
      running.certificate_watches.push_back(std::move(*watched));
    }
    return {};
  }

  NetSettings settings_;
  std::unique_ptr<Running> running_;
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
