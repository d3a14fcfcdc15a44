// The server's half of "tarsier.http/1": C calls on routes, exchanges and websockets. The client's half is in client_service.cpp.
#include "plugins/net/http_service.hpp"

#include <mutex>
#include <utility>

#include "plugins/net/client_service.hpp"

namespace tarsier::net {
namespace {

Exchange& exchange_of(tarsier_exchange* handle) { return *reinterpret_cast<Exchange*>(handle); }
PluginRoute* route_of(tarsier_route* handle) { return reinterpret_cast<PluginRoute*>(handle); }

Headers headers_of(const tarsier_pair* pairs, uint32_t count) {
  Headers out;
  out.reserve(count);
  for (uint32_t i = 0; i < count; ++i) out.push_back({std::string(view(pairs[i].name)), std::string(view(pairs[i].value))});
  return out;
}

/// A request as the handler sees it; lives until the exchange is finished.
struct Handed {
  explicit Handed(std::shared_ptr<const Request> of) : source(std::move(of)) {
    const Request& from = *source;
    for (const Header& each : from.headers) headers.push_back({str(each.name), str(each.value)});
    for (const std::string& each : from.path_args) args.push_back(str(each));
    request.size = sizeof(request);
    request.method = from.method;
    request.path = str(from.path);
    request.raw_path = str(from.raw_path);
    request.query = str(from.query);
    request.prefix = str(from.prefix);
    request.entrypoint = str(from.entrypoint);
    request.remote = str(from.remote);
    request.user = str(from.user);
    request.headers = headers.data();
    request.header_count = static_cast<uint32_t>(headers.size());
    request.path_arg_count = static_cast<uint32_t>(args.size());
    request.path_args = args.data();
    request.body = bytes(from.body);
    request.version = from.http_2 ? 20 : from.http_1_1 ? 11 : 10;
  }
  std::shared_ptr<const Request> source;
  tarsier_http_request request{};
  std::vector<tarsier_pair> headers;
  std::vector<tarsier_str> args;
};

/// No exception may leave a handler; when one does, its request must not stay open, which would also keep its plugin from stopping.
void answer_for_thrown(const HttpService& service, const tarsier_host* owner, Exchange& exchange, std::string_view path,
                       std::string_view what) {
  const std::string_view plugin = view(service.host.services->name(owner));
  service.host.error("a handler let an exception escape",
                     {{str("of"), str(plugin)}, {str("path"), str(path)}, {str("exception"), str(what)}});
  exchange.respond(text_answer(500, std::string(plugin) + ": " + std::string(what)));
  exchange.end(true);  // of an answer that had begun
}

/// Calls the owner's handler; the owner stays entered until it has finished the exchange. False when the owner is going.
bool serve_for(HttpService& service, const tarsier_host* owner, tarsier_http_handler handler, void* user,
               const std::shared_ptr<Exchange>& exchange, const std::shared_ptr<const Request>& request) {
  const tarsier_services* services = service.host.services;
  if (services->enter(owner) == 0) return false;
  if (!service.owners.keep(owner, exchange)) {
    services->leave(owner);
    return false;
  }
  const auto handed = std::make_shared<Handed>(request);
  exchange->hand_out([&service, owner, key = exchange.get(), handed] {
    service.owners.drop(owner, key);
    service.host.services->leave(owner);
  });
  try {
    handler(user, &handed->request, reinterpret_cast<tarsier_exchange*>(exchange.get()));
  } catch (const std::exception& thrown) {
    answer_for_thrown(service, owner, *exchange, request->path, thrown.what());
  } catch (...) {
    answer_for_thrown(service, owner, *exchange, request->path, "an exception of an unknown type");
  }
  return true;
}

tarsier_status add_route(void* self, const tarsier_host* owner, const tarsier_route_spec* spec, tarsier_route** out,
                         tarsier_error* error) {
  auto& service = *static_cast<HttpService*>(self);
  if (spec->handler == nullptr)
    return Error::invalid("route '" + std::string(view(spec->pattern)) + "' has no handler").to_c(error);
  auto route = std::make_shared<PluginRoute>();
  route->api = view(spec->api);
  route->pattern = view(spec->pattern);
  route->methods = spec->methods;
  route->owner = view(service.host.services->name(owner));
  route->owner_id = owner;
  route->permission = view(spec->permission);
  route->max_body_bytes = spec->max_body_bytes;
  route->timeout = std::chrono::nanoseconds(spec->timeout_ns);
  route->on_network_thread = (spec->flags & TARSIER_ROUTE_ON_NETWORK_THREAD) != 0;
  route->body_as_sent = (spec->flags & TARSIER_ROUTE_BODY_AS_SENT) != 0;
  route->service = &service;
  route->serve = [&service, owner, handler = spec->handler, user = spec->user](const auto& exchange, const auto& request) {
    return serve_for(service, owner, handler, user, exchange, request);
  };
  const Result<void> added = service.owners.add_route(owner, route);
  if (added && out != nullptr) *out = reinterpret_cast<tarsier_route*>(route.get());
  return added.to_c(error);
}

void remove_route(void* self, tarsier_route* route) { static_cast<HttpService*>(self)->owners.remove_route(route_of(route)); }

void respond(tarsier_exchange* handle, uint32_t code, const tarsier_pair* headers, uint32_t count, tarsier_bytes body) {
  exchange_of(handle).respond({code, headers_of(headers, count), std::string(view(body))});
}

void begin(tarsier_exchange* handle, uint32_t code, const tarsier_pair* headers, uint32_t count) {
  exchange_of(handle).begin(code, headers_of(headers, count));
}

tarsier_status write(tarsier_exchange* handle, tarsier_bytes piece) {
  switch (exchange_of(handle).write(view(piece))) {
    case Exchange::Write::taken:
      return TARSIER_OK;
    case Exchange::Write::full:
      return TARSIER_AGAIN;
    case Exchange::Write::cancelled:
      break;
  }
  return TARSIER_CANCELLED;
}

void end(tarsier_exchange* handle, int32_t aborted) { exchange_of(handle).end(aborted != 0); }

void end_with_trailers(tarsier_exchange* handle, const tarsier_pair* trailers, uint32_t count) {
  exchange_of(handle).end(false, headers_of(trailers, count));
}

void on_writable(tarsier_exchange* handle, void* user, void (*fn)(void* user)) {
  exchange_of(handle).on_writable([fn, user] { fn(user); });  // the exchange keeps its owner entered
}

int32_t cancelled(tarsier_exchange* handle) { return exchange_of(handle).cancelled() ? 1 : 0; }

/// A websocket as its owner's callbacks know it; lives until on_close has returned, and keeps the owner entered as long.
class Socket final : public OwnedSocket, public std::enable_shared_from_this<Socket> {
 public:
  explicit Socket(const tarsier_websocket_handler& handler) : handler_(handler) {}

  WebsocketCallbacks callbacks(HttpService& service, const tarsier_host* owner) {
    WebsocketCallbacks out;
    out.on_open = [self = shared_from_this()](const std::shared_ptr<Websocket>& opened) {
      self->opened(opened);
      if (self->handler_.on_open != nullptr) self->handler_.on_open(self->handler_.user, self->handle());
    };
    out.on_message = [self = shared_from_this()](std::string_view message, bool is_text) {
      if (self->handler_.on_message != nullptr) {
        self->handler_.on_message(self->handler_.user, self->handle(), bytes(message), is_text ? 1 : 0);
      }
    };
    out.on_close = [self = shared_from_this()] {
      if (self->handler_.on_close != nullptr) self->handler_.on_close(self->handler_.user, self->handle());
    };
    out.on_gone = [self = shared_from_this(), &service, owner] {
      service.owners.drop(owner, self.get());
      service.host.services->leave(owner);
    };
    return out;
  }
  static Socket& of(tarsier_websocket* handle) { return *reinterpret_cast<Socket*>(handle); }
  std::shared_ptr<Websocket> socket() const {
    const std::lock_guard lock(socket_mutex_);
    return socket_;
  }
  void owner_is_going() override {
    std::shared_ptr<Websocket> open;
    {
      const std::lock_guard lock(socket_mutex_);
      going_ = true;
      open = socket_;
    }
    if (open) open->close(1001, "the service is stopping");
  }

 private:
  tarsier_websocket* handle() { return reinterpret_cast<tarsier_websocket*>(this); }
  void opened(const std::shared_ptr<Websocket>& socket) {
    bool going = false;
    {
      const std::lock_guard lock(socket_mutex_);
      socket_ = socket;
      going = going_;
    }
    if (going) socket->close(1001, "the service is stopping");
  }

  const tarsier_websocket_handler handler_;
  mutable std::mutex socket_mutex_;
  std::shared_ptr<Websocket> socket_;
  bool going_ = false;
};

tarsier_status upgrade(tarsier_exchange* handle, const tarsier_host* owner, const tarsier_websocket_handler* handler) {
  Exchange& exchange = exchange_of(handle);
  const auto keep = exchange.shared_from_this();
  auto& service = *static_cast<HttpService*>(std::static_pointer_cast<PluginRoute>(exchange.route())->service);
  const auto socket = std::make_shared<Socket>(*handler);
  const bool entered = service.host.services->enter(owner) != 0;
  if (!entered || !service.owners.keep(owner, std::shared_ptr<OwnedSocket>(socket))) {
    if (entered) service.host.services->leave(owner);
    exchange.respond(text_answer(503, "Service Unavailable: this part is being restarted"));
    return TARSIER_CANCELLED;
  }
  if (exchange.upgrade(socket->callbacks(service, owner))) return TARSIER_OK;
  service.owners.drop(owner, socket.get());
  service.host.services->leave(owner);
  return TARSIER_INVALID;
}

tarsier_status send(tarsier_websocket* handle, tarsier_bytes message, int32_t is_text) {
  const auto socket = Socket::of(handle).socket();
  switch (socket ? socket->send(view(message), is_text != 0) : Websocket::Send::closed) {
    case Websocket::Send::taken:
      return TARSIER_OK;
    case Websocket::Send::full:
      return TARSIER_AGAIN;
    case Websocket::Send::closed:
      break;
  }
  return TARSIER_CANCELLED;
}

void close(tarsier_websocket* handle, uint32_t code, tarsier_str reason) {
  if (const auto socket = Socket::of(handle).socket()) socket->close(static_cast<uint16_t>(code), view(reason));
}

}  // namespace

HttpService::HttpService(const Host& the_host, Owners& the_owners, Client& the_client)
    : host(the_host), owners(the_owners), client(the_client) {
  table.size = sizeof(table);
  table.self = this;
  table.add_route = add_route;
  table.remove_route = remove_route;
  table.respond = respond;
  table.begin = begin;
  table.write = write;
  table.end = end;
  table.end_with_trailers = end_with_trailers;
  table.on_writable = on_writable;
  table.cancelled = cancelled;
  table.upgrade = upgrade;
  table.send = send;
  table.close = close;
  table.request = begin_call;
  table.cancel = cancel_call;
  table.stream = begin_stream;
}

}  // namespace tarsier::net
