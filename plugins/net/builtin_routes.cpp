// Handlers of net's own routes.
#include "plugins/net/builtin_routes.hpp"

#include <utility>

namespace tarsier::net {
namespace {

/// A sink that appends to a string.
tarsier_sink append_to(std::string& text) {
  return {&text, [](void* user, tarsier_bytes piece) { static_cast<std::string*>(user)->append(view(piece)); }};
}

}  // namespace

BuiltinRoutes::BuiltinRoutes(const Host& host, std::function<void()> before_metrics)
    : host_(host), before_metrics_(std::move(before_metrics)) {}

Result<void> BuiltinRoutes::add_to(Router& router) {
  struct Entry {
    const char* pattern;
    uint32_t methods;
    const char* permission;
    bool quick;
    std::function<void(const std::shared_ptr<Exchange>&)> serve;
  };
  const Entry entries[] = {
      {"/-/ready", TARSIER_HTTP_GET, "public", true, [this](const auto& exchange) { ready(exchange); }},
      {"/-/healthy", TARSIER_HTTP_GET, "public", true,
       [](const auto& exchange) { exchange->respond(text_answer(200, "Tarsier is Healthy.")); }},
      {"/-/reload", TARSIER_HTTP_POST | TARSIER_HTTP_PUT, "admin", false, [this](const auto& exchange) { reload(exchange); }},
      {"/metrics", TARSIER_HTTP_GET, "metrics:read", false, [this](const auto& exchange) { metrics(exchange); }},
  };
  for (const Entry& each : entries) {
    auto route = std::make_shared<PluginRoute>();
    route->api = std::string("*");  // assigning the literal trips a false warning of g++ 12 (-Wrestrict)
    route->pattern = each.pattern;
    route->methods = each.methods;
    route->permission = each.permission;
    route->on_network_thread = each.quick;
    route->serve = [serve = each.serve](const auto& exchange, const auto&) {
      serve(exchange);
      return true;
    };
    if (auto added = router.add(std::move(route)); !added) return added;
  }
  return {};
}

void BuiltinRoutes::ready(const std::shared_ptr<Exchange>& exchange) const {
  std::string missing;
  if (host_.control->ready(host_.raw()) == 0) {
    missing = "the host is starting or stopping\n";
  } else if (TARSIER_HAS(host_.control, not_running)) {
    host_.control->not_running(host_.raw(), append_to(missing));
  }
  if (missing.empty()) return exchange->respond(text_answer(200, "Tarsier is Ready."));
  missing.pop_back();
  exchange->respond(text_answer(503, "Service Unavailable\n" + missing));
}

void BuiltinRoutes::metrics(const std::shared_ptr<Exchange>& exchange) const {
  before_metrics_();
  Answer answer;
  answer.headers = {{"Content-Type", "text/plain; version=0.0.4; charset=utf-8"}};
  host_.control->metrics_text(host_.raw(), append_to(answer.body));
  exchange->respond(std::move(answer));
}

void BuiltinRoutes::reload(const std::shared_ptr<Exchange>& exchange) {
  {
    const std::lock_guard lock(reloading_mutex_);
    reloading_ = exchange;
  }
  std::string findings;
  tarsier_error error = empty_error();
  const tarsier_status status = host_.control->reload(host_.raw(), append_to(findings), &error);
  {
    const std::lock_guard lock(reloading_mutex_);
    if (reloading_ == exchange) reloading_.reset();
  }
  if (status == TARSIER_OK) return exchange->respond(text_answer(200, findings.empty() ? "reloaded" : "reloaded\n" + findings));
  std::string text = "failed to reload config: ";
  text.append(findings.empty() ? std::string_view(error.message, error.message_size) : std::string_view(findings));
  exchange->respond(text_answer(500, text));
}

void BuiltinRoutes::answer_pending_reload() {
  std::shared_ptr<Exchange> pending;
  {
    const std::lock_guard lock(reloading_mutex_);
    pending = std::exchange(reloading_, nullptr);
  }
  if (pending) pending->respond(text_answer(202, "reloading: the HTTP server itself is being replaced; the log says how it ends"));
}

}  // namespace tarsier::net
