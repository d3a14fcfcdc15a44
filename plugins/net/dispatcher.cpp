// Dispatcher: admission, the start of handlers, and the requests that wait for one.
#include "plugins/net/dispatcher.hpp"

#include <utility>

namespace tarsier::net {
namespace {

Answer come_back_soon(std::string_view why) {
  Answer answer = text_answer(503, "Service Unavailable: " + std::string(why));
  answer.headers.push_back({"Retry-After", "1"});
  return answer;
}

/// A request on its way to its handler.
struct Pending {
  std::shared_ptr<const Routing> routing;
  std::shared_ptr<Exchange> exchange;
  std::shared_ptr<const Request> request;
};

/// False when the owner of the route is going, or waits for something itself.
bool serve(const Pending& pending, bool last) {
  const auto route = std::static_pointer_cast<PluginRoute>(pending.exchange->route());
  if (!last && !route->owner.empty() && pending.routing->context().in_transit(route->owner)) return false;
  if (!route->enter()) return false;
  const bool served = route->serve(pending.exchange, pending.request);
  route->leave();
  return served;
}

void hold(const Pending& pending, int64_t until_ns);

void serve_or_hold(const Pending& pending, int64_t until_ns, bool last) {
  // A client of HTTP/2 that has cancelled is not waiting; one of HTTP/1.1 may only have closed its sending side.
  if (pending.request->http_2 && pending.exchange->cancelled())
    return pending.exchange->respond(come_back_soon("the client has gone"));
  if (serve(pending, last)) return;
  if (last) return pending.exchange->respond(come_back_soon("this part is being restarted"));
  hold(pending, until_ns);
}

/// Routes it anew. The body is there already, so what admit() left out is made up for here. Thread: of HeldRequests.
bool try_again(const Pending& held, int64_t until_ns, bool last) {
  const Routing& routing = *held.routing;
  Exchange& exchange = *held.exchange;
  if (exchange.cancelled()) return exchange.respond(come_back_soon("the client has gone")), true;
  const Routing::Choice choice = routing.choose(*held.request);
  if (!last && routing.must_wait(choice)) return false;
  if (!choice.route) return exchange.respond(routing.unmatched(*held.request, choice)), true;
  const auto request = std::make_shared<Request>(exchange.request());
  choice.apply(*request);
  const Decision decision = authorize(*request, choice.route->permission, *routing.context().access);
  if (!decision.allowed()) return exchange.respond(text_answer(decision.refused_with, decision.reason)), true;
  request->user = decision.user;
  const uint64_t limit = choice.route->max_body_bytes;
  if (limit != 0 && request->body.size() > limit)
    return exchange.respond(text_answer(413, "the body is larger than " + std::to_string(limit) + " bytes")), true;
  exchange.set_route(choice.route);
  const Pending pending{held.routing, held.exchange, request};
  // Not on this thread: a handler may take its time, and others are waiting.
  routing.context().executor->post(Executor::Need::required, [pending, until_ns, last] { serve_or_hold(pending, until_ns, last); });
  return true;
}

void hold(const Pending& pending, int64_t until_ns) {
  pending.routing->context().held->add(until_ns, [pending, until_ns](bool last) { return try_again(pending, until_ns, last); });
}

}  // namespace

Dispatcher::Dispatcher(DispatchContext context, std::string root, std::vector<std::string> apis)
    : routing_(std::make_shared<const Routing>(std::move(context), std::move(root), std::move(apis))) {}

Admission Dispatcher::admit(Request& request) {
  const AccessPolicy& access = *routing_->context().access;
  Admission admission;
  const auto refuse = [&](const Decision& decision) { admission.refusal = text_answer(decision.refused_with, decision.reason); };
  if (const Decision visitor = check_visitor(request, access); !visitor.allowed()) {
    refuse(visitor);
    return admission;
  }
  const Routing::Choice choice = routing_->choose(request);
  choice.apply(request);
  if (request.api == "prometheus" && request.path.starts_with("/api/")) admission.extra_headers = cors_headers(request, access);
  if (routing_->must_wait(choice)) return admission;  // without a route
  if (!choice.route) {
    admission.refusal = routing_->unmatched(request, choice);
    return admission;
  }
  const Decision decision = authorize(request, choice.route->permission, access);
  if (!decision.allowed()) {
    refuse(decision);
    return admission;
  }
  request.user = decision.user;
  admission.max_body_bytes = choice.route->max_body_bytes;
  admission.timeout = choice.route->timeout;
  admission.body_as_sent = choice.route->body_as_sent;
  admission.route = choice.route;
  return admission;
}

void Dispatcher::handle(const std::shared_ptr<Exchange>& exchange) {
  const DispatchContext& context = routing_->context();
  const Pending pending{routing_, exchange, std::shared_ptr<const Request>(exchange, &exchange->request())};
  const auto route = std::static_pointer_cast<PluginRoute>(exchange->route());
  const int64_t until_ns = context.held->deadline_ns();
  if (!route) return hold(pending, until_ns);
  if (route->on_network_thread) return serve_or_hold(pending, until_ns, false);
  if (post(pending.request->remote, [pending, until_ns] { serve_or_hold(pending, until_ns, false); })) return;
  exchange->respond(come_back_soon("too many requests are waiting"));
}

/// The executor is only asked to run one of them: which one is decided when a worker has time.
bool Dispatcher::post(std::string_view remote, FairTasks::Task task) {
  const std::string client(remote.substr(0, remote.rfind(':')));
  uint64_t number = 0;
  {
    const std::lock_guard lock(waiting_->mutex);
    number = waiting_->tasks.push(client, std::move(task));
  }
  const auto run_one = [waiting = waiting_] {
    std::unique_lock lock(waiting->mutex);
    if (waiting->tasks.empty()) return;  // taken back, because the executor had no room for one
    const FairTasks::Task next = waiting->tasks.pop();
    lock.unlock();
    next();
  };
  if (routing_->context().executor->post(Executor::Need::refusable, run_one)) return true;
  const std::lock_guard lock(waiting_->mutex);
  return !waiting_->tasks.take_back(client, number);  // another one's job ran it meanwhile
}

void Dispatcher::finished(const Request& request, const RequestRecord& record) {
  if (routing_->context().finished) routing_->context().finished(request, record);
}

}  // namespace tarsier::net
