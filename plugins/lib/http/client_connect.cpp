// How a call gets a connection: resolve, connect, a tunnel through a proxy, TLS; or a connection that others use as well.
#include <charconv>
#include <utility>

#include <boost/asio/local/stream_protocol.hpp>

#include "plugins/lib/http/client_call.hpp"
#include "plugins/lib/http/client_words.hpp"

namespace tarsier::net {
namespace {

namespace asio = boost::asio;
using asio::awaitable;
using boost::system::error_code;
using Endpoint = asio::generic::stream_protocol::endpoint;

/// "127.0.0.1:9090", or a path.
std::string place_of(const Url& url) { return url.scheme == "unix" ? url.host : url.origin().substr(url.scheme.size() + 3); }

constexpr std::chrono::nanoseconds kLongestWait = std::chrono::seconds(1);  // for a connection that another call opens

}  // namespace

awaitable<Result<std::vector<Endpoint>>> Call::resolve(const Url& url) {
  std::vector<Endpoint> out;
  if (url.scheme == "unix") {
    out.emplace_back(asio::local::stream_protocol::endpoint(url.host));
    co_return out;
  }
  unsigned short port = 0;
  std::from_chars(url.port.data(), url.port.data() + url.port.size(), port);
  error_code not_literal;
  const auto address = asio::ip::make_address(url.host, not_literal);
  if (!not_literal) {
    out.emplace_back(asio::ip::tcp::endpoint(address, port));
    co_return out;
  }
  resolver_.emplace(context_);
  resolved_.clear();
  step_done_ = false;
  resolver_->async_resolve(url.host, url.port,
                           [self = shared_from_this()](error_code ec, const asio::ip::tcp::resolver::results_type& found) {
                             self->step_error_ = ec;
                             for (const auto& each : found) self->resolved_.emplace_back(each.endpoint());
                             self->step_done_ = true;
                             self->event_.notify();
                           });
  auto waited = co_await wait_for(step_done_, "resolve " + url.host);
  if (!waited) co_return std::move(waited).error();
  if (step_error_) co_return Error::unavailable("resolve " + url.host + ": " + words(step_error_));
  co_return resolved_;
}

awaitable<Result<std::shared_ptr<Transport>>> Call::connect(const Url& url) {
  const Url* const proxy = proxy_for(url);
  const std::string where = place_of(url), next = proxy != nullptr ? "proxy " + place_of(*proxy) : where;
  auto endpoints = co_await resolve(proxy != nullptr ? *proxy : url);
  if (!endpoints) co_return std::move(endpoints).error();
  error_code failure = asio::error::host_not_found;
  for (const Endpoint& endpoint : *endpoints) {
    connecting_.emplace(context_);
    step_done_ = false;
    connecting_->async_connect(endpoint, [self = shared_from_this()](error_code ec) {
      self->step_error_ = ec;
      self->step_done_ = true;
      self->event_.notify();
    });
    auto waited = co_await wait_for(step_done_, "connect " + next);
    if (!waited) co_return std::move(waited).error();
    failure = step_error_;
    if (!failure) break;
  }
  if (failure) co_return Error::unavailable("connect " + next + ": " + words(failure));
  setup_.stats->opened.fetch_add(1, std::memory_order_relaxed);
  error_code ignored;  // a unix socket has no such option
  connecting_->set_option(asio::ip::tcp::no_delay(true), ignored);
  if (proxy != nullptr && url.scheme == "https") {
    if (auto opened = co_await tunnel(url, *proxy); !opened) co_return std::move(opened).error();
  }
  StreamSocket socket = std::move(*connecting_);
  connecting_.reset();
  if (url.scheme == "https") co_return co_await secure(url, socket);
  transport_ = make_plain_transport(context_, std::move(socket));
  co_return transport_;
}

awaitable<Result<std::shared_ptr<Transport>>> Call::secure(const Url& url, StreamSocket& socket) {
  const std::string where = place_of(url);
  const TlsClientOptions& tls = setup_.request.tls;
  const std::string name = tls.server_name.empty() ? url.host : tls.server_name;
  transport_ =
      make_tls_client_transport(context_, std::move(socket), setup_.tls, name, !tls.insecure_skip_verify, offers_http2(url));
  step_done_ = false;
  transport_->handshake([self = shared_from_this()](error_code ec, size_t) {
    self->step_error_ = ec;
    self->step_done_ = true;
    self->event_.notify();
  });
  auto waited = co_await wait_for(step_done_, "TLS with " + where);
  if (!waited) co_return std::move(waited).error();
  if (step_error_) {
    const std::string problem = transport_->certificate_problem();
    if (!problem.empty())
      co_return Error::unavailable("TLS with " + where + ": the certificate is not accepted for " + name + ": " + problem);
    co_return Error::unavailable("TLS with " + where + ": " + words(step_error_));
  }
  co_return transport_;
}

/// Somebody else's connection may do for this call as well. True: look again. False: theirs takes so long that it may hang where
/// another does not.
awaitable<Result<bool>> Call::wait_for_others(const Url& url, const std::string& key) {
  Http2Pool::Wait wait(*setup_.http2, key, [this] { event_.notify(); });
  const Moment until = std::min(deadline_, moment_now() + std::min(kLongestWait, setup_.request.timeout / 4));
  while (!wait.woken() && !cancelled_ && moment_now() < until) co_await event_.wait_until(until);
  if (cancelled_ || moment_now() >= deadline_) {
    const bool ready = false;
    co_return Error((co_await wait_for(ready, "waiting for a connection to " + place_of(url))).error());
  }
  if (wait.failure()) co_return *wait.failure();
  wait.go_on();
  co_return wait.woken() || !setup_.http2->is_dialling(key);
}

/// What carries the next request: a connection that rests or has room, or one that is opened here, or by somebody else meanwhile.
awaitable<Result<Call::Carrier>> Call::find_carrier(const Url& url, const Http2Pool::Refusers& but, bool fresh) {
  const std::string key = pool_key(url);
  const bool shares = offers_http2(url);
  while (true) {
    if (shares) {
      if (auto connection = setup_.http2->take(key, but)) co_return Carrier{nullptr, std::move(connection), true};
    }
    transport_ = fresh ? nullptr : setup_.pool->take(key);
    if (transport_) co_return Carrier{transport_, nullptr, true};
    if (!shares || !setup_.http2->must_wait(key, but)) break;
    auto waited = co_await wait_for_others(url, key);
    if (!waited) co_return std::move(waited).error();
    if (!*waited) break;
  }
  if (!shares) {
    auto opened = co_await connect(url);
    if (!opened) co_return std::move(opened).error();
    co_return Carrier{std::move(*opened), nullptr, false};
  }
  co_return co_await open_carrier(url, key);
}

/// The server chooses the version; others may wait for that.
awaitable<Result<Call::Carrier>> Call::open_carrier(const Url& url, const std::string& key) {
  Http2Pool::Dial dial(*setup_.http2, key);
  auto opened = co_await connect(url);
  if (!opened) {
    dial.failed(opened.error());
    co_return std::move(opened).error();
  }
  if ((*opened)->protocol() != "h2") {
    dial.spoke_http1();
    co_return Carrier{std::move(*opened), nullptr, false};
  }
  transport_.reset();
  co_return Carrier{nullptr, dial.spoke_http2(std::move(*opened)), false};
}

}  // namespace tarsier::net
