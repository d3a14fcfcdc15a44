// Opening, changing and ending entrypoints, and following their certificates.
#include "plugins/net/entrypoints.hpp"

#include <algorithm>
#include <utility>

#include "tarsier/scheduler.hpp"

namespace tarsier::net {
/// One that listens, or has listened. The server goes before what its connections use.
struct Entrypoints::Open {
  Open(EntrypointSettings the_settings, AccessPolicy the_access)
      : settings(std::move(the_settings)), access(std::make_shared<const AccessPolicy>(std::move(the_access))) {}
  const EntrypointSettings settings;
  const std::shared_ptr<const AccessPolicy> access;
  std::string bound;
  std::shared_ptr<TlsServer> tls;
  std::unique_ptr<Dispatcher> dispatcher;
  std::unique_ptr<Server> server;
  std::vector<Watch> certificate_watches;
};

Entrypoints::Entrypoints(const Host& host, Parts parts) : host_(host), parts_(std::move(parts)) {}

Entrypoints::~Entrypoints() = default;

Result<std::unique_ptr<Entrypoints::Open>> Entrypoints::open(const EntrypointSettings& settings, const AccessPolicy& access) {
  auto made = std::make_unique<Open>(settings, access);
  DispatchContext context;
  context.router = parts_.router;
  context.executor = parts_.executor;
  context.access = made->access;
  context.held = parts_.held;
  context.is_ready = [&host = host_] { return host.control->ready(host.raw()) != 0; };
  context.in_transit = [&host = host_](std::string_view instance) { return host.in_transit(instance); };
  context.finished = parts_.finished;
  made->dispatcher = std::make_unique<Dispatcher>(std::move(context), settings.root, settings.apis);
  EntrypointOptions options;
  options.name = settings.name;
  options.address = settings.address;
  options.limits = settings.limits;
  if (settings.tls) {
    auto tls = TlsServer::load(*settings.tls);
    if (!tls) return std::move(tls).error();
    made->tls = std::move(*tls);
    options.tls = made->tls;
    if (auto following = follow_certificate(*made); !following) return std::move(following).error();
  }
  made->server = std::make_unique<Server>(*parts_.threads, *parts_.executor, *parts_.log);
  auto bound = made->server->listen(std::move(options), *made->dispatcher);
  if (!bound) return std::move(bound).error();
  made->bound = std::move(*bound);
  return made;
}

Result<void> Entrypoints::follow_certificate(Open& open) {
  const auto reload = [this, name = open.settings.name, tls = open.tls](std::string_view path, uint32_t) {
    if (auto reloaded = tls->reload(); !reloaded) {
      const std::string& why = reloaded.error().message();
      host_.error("the new certificate is not used, the old one stays", {field("entrypoint", name), field("error", why)});
      host_.degraded("entrypoint " + name + ": " + why);
      return;
    }
    host_.info("certificate reloaded", {field("entrypoint", name), field("file", path)});
    parts_.metrics->certificate(name, tls->expires_at());
    host_.ok();
  };
  for (const std::string* file :
       {&open.tls->options().cert_file, &open.tls->options().key_file, &open.tls->options().client_ca_file}) {
    if (file->empty()) continue;
    auto watched = watch(host_, *file, reload);
    if (!watched) return std::move(watched).error();
    open.certificate_watches.push_back(std::move(*watched));
  }
  return {};
}

Result<void> Entrypoints::apply(const std::vector<EntrypointSettings>& wanted, const AccessPolicy& access) {
  std::erase_if(retired_, [](const auto& each) { return each->server->ended(); });
  const auto is_wanted = [&](const Open& each) {
    return *each.access == access && std::find(wanted.begin(), wanted.end(), each.settings) != wanted.end();
  };
  std::vector<std::unique_ptr<Open>> fresh;
  for (const EntrypointSettings& settings : wanted) {
    const bool stays =
        std::any_of(open_.begin(), open_.end(), [&](const auto& each) { return each->settings == settings && is_wanted(*each); });
    if (stays) continue;
    auto opened = open(settings, access);
    if (!opened && settings.optional) {
      host_.warn("entrypoint left out", {field("entrypoint", settings.name), field("why", opened.error().message())});
      continue;
    }
    if (!opened) return std::move(opened).error().in("entrypoint " + settings.name);
    fresh.push_back(std::move(*opened));
  }
  const auto going = std::stable_partition(open_.begin(), open_.end(), [&](const auto& each) { return is_wanted(*each); });
  for (auto each = going; each != open_.end(); ++each) {
    (*each)->certificate_watches.clear();
    (*each)->server->retire();
    const std::string& name = (*each)->settings.name;
    host_.info("not listening any more: " + name, {field("entrypoint", name), field("address", (*each)->bound)});
    retired_.push_back(std::move(*each));
  }
  open_.erase(going, open_.end());
  for (auto& each : fresh) {
    const std::string& name = each->settings.name;
    parts_.metrics->add_entrypoint(name, each->server->stats(name));
    if (each->tls) parts_.metrics->certificate(name, each->tls->expires_at());
    // With the name in the message: the log leaves out a message that comes for the sixth time in a short while.
    host_.info("listening: " + name,
               {field("entrypoint", name), field("address", each->bound), field("tls", each->tls ? "yes" : "no")});
    open_.push_back(std::move(each));
  }
  return {};
}

void Entrypoints::retire_all() {
  for (auto* list : {&open_, &retired_}) {
    for (const auto& each : *list) {
      each->certificate_watches.clear();
      each->server->retire();
    }
  }
}

void Entrypoints::hand_over(std::chrono::steady_clock::time_point deadline) {
  retire_all();
  for (auto* list : {&open_, &retired_}) {
    for (const auto& each : *list) (void)each->server->wait_ended(deadline);  // stop() tells of those that are left
  }
}

bool Entrypoints::stop(std::chrono::steady_clock::time_point deadline) {
  retire_all();
  bool all = true;
  for (auto* list : {&open_, &retired_}) {
    for (const auto& each : *list) all = each->server->stop(deadline) && all;
  }
  return all;
}

}  // namespace tarsier::net
