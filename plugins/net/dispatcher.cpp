// Dispatcher: prefixes, precedence between an API's routes and those of every entrypoint, refusals, and the start of handlers.
#include "plugins/net/dispatcher.hpp"

#include <algorithm>

#include "plugins/lib/http/target.hpp"

namespace tarsier::net {

Dispatcher::Dispatcher(DispatchContext context, std::string root, std::vector<std::string> apis)
    : context_(std::move(context)), root_(std::move(root)), apis_(std::move(apis)) {}

bool Dispatcher::serves(const std::string& api) const {
  return !api.empty() && api != "*" && api != root_ &&
         std::any_of(apis_.begin(), apis_.end(), [&](const std::string& each) { return each == "*" || each == api; });
}

Dispatcher::Choice Dispatcher::choose(Request& request) const {
  Choice choice;
  request.api = root_;
  const std::string& head = request.segments.front();
  if (serves(head) && context_.router->has_api(head)) {
    request.api = head;
    request.prefix = "/" + head;
    choice.first = 1;
  }
  choice.match = context_.router->find(request.api, request.segments, choice.first, request.method);
  if (choice.match.route && !choice.match.by_rest) return choice;
  // What stands on every entrypoint gives way to an API's own route, but not to its "**".
  auto everywhere = context_.router->find("*", request.segments, choice.first, request.method);
  if (everywhere.route || (!choice.match.route && everywhere.allowed != 0)) {
    everywhere.allowed |= choice.match.allowed;
    choice.match = std::move(everywhere);
  }
  return choice;
}

void Dispatcher::refuse_unmatched(const Request& request, const Router::Match& match, Admission& admission) const {
  const bool prometheus = request.api == "prometheus" && request.path.starts_with("/api/v1/");
  if (prometheus && request.method == TARSIER_HTTP_OPTIONS) {
    admission.refusal = Answer{204, {}, ""};
  } else if (match.allowed != 0) {
    admission.refusal = text_answer(405, "Method Not Allowed");
    admission.refusal->headers.push_back({"Allow", method_list(match.allowed)});
  } else if (!context_.is_ready()) {
    admission.refusal = text_answer(503, "Service Unavailable: starting");
    admission.refusal->headers.push_back({"Retry-After", "1"});
  } else {
    admission.refusal = text_answer(404, "404 page not found");
  }
}

Admission Dispatcher::admit(Request& request) {
  Admission admission;
  const auto refuse = [&](const Decision& decision) { admission.refusal = text_answer(decision.refused_with, decision.reason); };
  if (const Decision visitor = check_visitor(request, *context_.access); !visitor.allowed()) {
    refuse(visitor);
    return admission;
  }
  const Choice choice = choose(request);
  request.path = join_path(request.segments, choice.first);
  if (request.api == "prometheus" && request.path.starts_with("/api/"))
    admission.extra_headers = cors_headers(request, *context_.access);
  if (!choice.match.route) {
    refuse_unmatched(request, choice.match, admission);
    return admission;
  }
  const auto route = std::static_pointer_cast<PluginRoute>(choice.match.route);
  const Decision decision = authorize(request, route->permission, *context_.access);
  if (!decision.allowed()) {
    refuse(decision);
    return admission;
  }
  request.user = decision.user;
  request.path_args = choice.match.args;
  admission.max_body_bytes = route->max_body_bytes;
  admission.timeout = route->timeout;
  admission.route = route;
  return admission;
}

void Dispatcher::serve(const std::shared_ptr<Exchange>& exchange) {
  const auto route = std::static_pointer_cast<PluginRoute>(exchange->route());
  if (!route->enter()) {
    Answer answer = text_answer(503, "Service Unavailable: this part is being restarted");
    answer.headers.push_back({"Retry-After", "1"});
    return exchange->respond(std::move(answer));
  }
  route->serve(exchange);
  route->leave();
}

void Dispatcher::handle(const std::shared_ptr<Exchange>& exchange) {
  const auto& route = *static_cast<const PluginRoute*>(exchange->route().get());
  if (route.on_network_thread) return serve(exchange);
  if (context_.executor->post(Executor::Need::refusable, [exchange] { serve(exchange); })) return;
  Answer answer = text_answer(503, "Service Unavailable: too many requests are waiting");
  answer.headers.push_back({"Retry-After", "1"});
  exchange->respond(std::move(answer));
}

void Dispatcher::finished(const Request& request, const RequestRecord& record) {
  if (context_.finished) context_.finished(request, record);
}

}  // namespace tarsier::net
