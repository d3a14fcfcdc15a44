// A client's call: resolve, connect, handshake, send, receive, follow redirects, all under one deadline.
#include "plugins/lib/http/client_call.hpp"

#include <algorithm>
#include <charconv>
#include <exception>
#include <span>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/error.hpp>

#include "plugins/lib/http/base64.hpp"

namespace tarsier::net {
namespace {

namespace asio = boost::asio;
using asio::awaitable;
using boost::system::error_code;
using Endpoint = asio::generic::stream_protocol::endpoint;

constexpr size_t kMaxHeaderBytes = 256 * 1024;
constexpr size_t kReadBuffer = 32 * 1024;
constexpr uint64_t kMostReserved = 1024 * 1024;  // of a body that says how long it will be

std::string words(std::chrono::nanoseconds time) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
  return ms % 1000 == 0 ? std::to_string(ms / 1000) + " s" : std::to_string(ms) + " ms";
}

bool is_idempotent(std::string_view method) {
  return method == "GET" || method == "HEAD" || method == "PUT" || method == "DELETE" || method == "OPTIONS";
}

bool is_redirect(uint32_t code) { return code == 301 || code == 302 || code == 303 || code == 307 || code == 308; }

/// "127.0.0.1:9090", or a path.
std::string place_of(const Url& url) { return url.scheme == "unix" ? url.host : url.origin().substr(url.scheme.size() + 3); }

}  // namespace

void forget_coding(Headers& headers) {
  std::erase_if(headers, [](const Header& each) { return each.name == "content-encoding" || each.name == "content-length"; });
}

std::string words(const error_code& ec) {
  if (ec == asio::error::host_not_found || ec == asio::error::host_not_found_try_again) return "no such host";
  if (ec == asio::error::eof || ec == asio::ssl::error::stream_truncated) return "the connection was closed";
  std::string text = ec.message();
  if (!text.empty() && text.size() > 1 && text[1] >= 'a' && text[1] <= 'z') text[0] = static_cast<char>(text[0] | 0x20);
  return text;
}

Call::Call(asio::io_context& context, Setup setup)
    : context_(context), setup_(std::move(setup)), event_(context), deadline_(begun_ + setup_.request.timeout) {}

void Call::start() {
  asio::co_spawn(
      context_, [self = shared_from_this()] { return self->run(); },
      [self = shared_from_this()](std::exception_ptr) { self->setup_.over(); });
}

void Call::cancel() {
  asio::post(context_, [self = shared_from_this()] {
    self->cancelled_ = true;
    self->event_.notify();
  });
}

awaitable<void> Call::run() {
  std::optional<Result<ClientResponse>> outcome;
  try {
    outcome.emplace(co_await follow());
  } catch (const std::exception& failure) {
    outcome.emplace(Error::internal(std::string("HTTP call: ") + failure.what()));
  }
  if (connecting_) {
    error_code ignored;  // it may never have been opened
    connecting_->close(ignored);
  }
  if (resolver_) resolver_->cancel();
  if (transport_) transport_->close();
  if (outcome->ok()) (*outcome)->duration = moment_now() - begun_;
  setup_.executor->post(Executor::Need::required, [done = std::exchange(setup_.done, nullptr),
                                                   result = std::move(*outcome)]() mutable { done(std::move(result)); });
}

awaitable<Result<void>> Call::wait_for(const bool& ready, const std::string& what) {
  const auto quiet = setup_.request.quiet_timeout;
  const Moment quiet_until = quiet.count() > 0 ? moment_now() + quiet : kNever;
  while (!ready) {
    if (cancelled_) co_return Error(TARSIER_CANCELLED, what + ": cancelled");
    const Moment now = moment_now();
    if (now >= deadline_) co_return Error(TARSIER_DEADLINE, what + ": no answer within " + words(setup_.request.timeout));
    if (now >= quiet_until) co_return Error(TARSIER_DEADLINE, what + ": nothing came for " + words(quiet));
    co_await event_.wait_until(std::min(deadline_, quiet_until));
  }
  co_return Result<void>();
}

awaitable<Result<ClientResponse>> Call::follow() {
  Url url = setup_.url;
  uint32_t redirects = 0;
  while (true) {
    auto response = co_await exchange_once(url);
    if (!response || !is_followed(response->code, response->headers)) co_return response;
    if (redirects++ == setup_.request.max_redirects) {
      co_return Error::invalid(setup_.request.url + ": stopped after " + std::to_string(setup_.request.max_redirects) +
                               " redirects, the last to " + std::string(find_header(response->headers, "location")));
    }
    auto prepared = prepare_redirect(url, *response);
    if (!prepared) co_return std::move(prepared).error();
  }
}

bool Call::is_followed(uint32_t code, const Headers& headers) const {
  return setup_.request.max_redirects != 0 && is_redirect(code) && has_header(headers, "location");
}

Result<void> Call::prepare_redirect(Url& url, const ClientResponse& response) {
  auto next = resolve_url(url, find_header(response.headers, "location"));
  if (!next) return std::move(next).error().in("redirect from " + url.origin());
  if (next->scheme == "unix" && url.scheme != "unix") {
    return Error::invalid("redirect from " + url.origin() + " to a unix socket is not followed");
  }
  if (next->scheme == "https" && !setup_.tls) {
    auto tls = make_tls_client(setup_.request.tls);
    if (!tls) return std::move(tls).error();
    setup_.tls = std::move(*tls);
  }
  ClientRequest& request = setup_.request;
  if (response.code == 303 || ((response.code == 301 || response.code == 302) && request.method == "POST")) {
    if (request.method != "HEAD") request.method = "GET";
    request.body.clear();
    std::erase_if(request.headers, [](const Header& each) { return equal_ignoring_case(each.name, "content-type"); });
  }
  if (next->origin() != url.origin()) {  // what was meant for one server is not shown to another
    std::erase_if(request.headers, [](const Header& each) {
      return equal_ignoring_case(each.name, "authorization") || equal_ignoring_case(each.name, "cookie") ||
             equal_ignoring_case(each.name, "proxy-authorization") || equal_ignoring_case(each.name, "host");
    });
  }
  url = std::move(*next);
  return {};
}

/// One request and its answer, on a pooled connection if there is one. A pooled one may turn out to be closed: then once more, on a
/// new one.
awaitable<Result<ClientResponse>> Call::exchange_once(const Url& url) {
  transport_ = setup_.pool->take(pool_key(url));
  if (transport_) {
    setup_.stats->reused.fetch_add(1, std::memory_order_relaxed);
    auto response = co_await transfer(url, transport_);
    const bool stale =
        !response && response.error().code() == TARSIER_UNAVAILABLE && received_ == 0 && is_idempotent(setup_.request.method);
    if (!stale) co_return response;
    transport_->close();
  }
  auto opened = co_await connect(url);
  if (!opened) co_return std::move(opened).error();
  co_return co_await transfer(url, *opened);
}

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
  if (url.scheme != "https") {
    transport_ = make_plain_transport(context_, std::move(socket));
    co_return transport_;
  }
  const TlsClientOptions& tls = setup_.request.tls;
  const std::string name = tls.server_name.empty() ? url.host : tls.server_name;
  transport_ = make_tls_client_transport(context_, std::move(socket), setup_.tls, name, !tls.insecure_skip_verify);
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

std::string Call::request_head(const Url& url) const {
  const ClientRequest& request = setup_.request;
  const Url* const proxy = url.scheme == "http" ? proxy_for(url) : nullptr;
  const std::string server = proxy != nullptr ? "http://" + url.authority() : "";
  std::string head = request.method + " " + server + url.target + " HTTP/1.1\r\n";
  const auto field = [&](std::string_view name, std::string_view value) {
    head.append(name).append(": ").append(value).append("\r\n");
  };
  if (!has_header(request.headers, "host")) field("Host", url.authority());
  for (const Header& each : request.headers) {
    if (equal_ignoring_case(each.name, "content-length") || equal_ignoring_case(each.name, "transfer-encoding") ||
        equal_ignoring_case(each.name, "connection")) {
      continue;
    }
    field(each.name, each.value);
  }
  if (proxy != nullptr && !proxy->user_info.empty()) field("Proxy-Authorization", proxy_authorization(*proxy));
  if (!has_header(request.headers, "user-agent")) field("User-Agent", setup_.user_agent);
  if (!has_header(request.headers, "accept")) field("Accept", "*/*");
  if (request.accept_compressed && !has_header(request.headers, "accept-encoding")) field("Accept-Encoding", "gzip, zstd");
  if (!url.user_info.empty() && !has_header(request.headers, "authorization"))
    field("Authorization", "Basic " + base64(url.user_info));
  const bool has_body = !request.body.empty() || request.method == "POST" || request.method == "PUT" || request.method == "PATCH";
  if (has_body) field("Content-Length", std::to_string(request.body.size()));
  head += "\r\n";
  return head;
}

void Call::forget_received() {
  if (std::exchange(reading_, false)) abandoned_ = std::exchange(inbox_, {});
  inbox_.clear();
}

void Call::read_more() {
  if (reading_ || read_error_) return;
  reading_ = true;
  const std::span<char> room = inbox_.room(kReadBuffer);
  transport_->read_some(room.data(), room.size(), [self = shared_from_this(), from = transport_](error_code ec, size_t size) {
    if (from != self->transport_) return;  // of a connection that was given up
    self->reading_ = false;
    self->something_ = true;
    self->received_ += size;
    self->read_error_ = ec;
    self->inbox_.add(size);
    self->event_.notify();
  });
}

void Call::write_more() {
  const std::string& body = setup_.request.body;
  if (writing_ || write_error_ || written_ >= head_.size() + body.size()) return;
  writing_ = true;
  const bool in_head = written_ < head_.size();
  const std::string_view first =
      in_head ? std::string_view(head_).substr(written_) : std::string_view(body).substr(written_ - head_.size());
  const std::string_view second = in_head ? std::string_view(body) : std::string_view();
  transport_->write_some(first, second, [self = shared_from_this(), to = transport_](error_code ec, size_t size) {
    if (to != self->transport_) return;
    self->writing_ = false;
    self->something_ = true;
    self->written_ += size;
    self->write_error_ = ec;
    self->event_.notify();
  });
}

std::string Call::why_broken(bool answer_begun) const {
  const bool closed = read_error_ == asio::error::eof || read_error_ == asio::ssl::error::stream_truncated;
  if (write_error_ || !closed) return words(write_error_ ? write_error_ : read_error_);
  return answer_begun ? "the server closed the connection in the middle of its answer"
                      : "the server closed the connection without an answer";
}

/// Sends and receives at the same time, so that an early refusal is seen; until the parser is done.
awaitable<Result<void>> Call::receive(MessageParser& parser, Answer& answer, const Url& url) {
  while (true) {
    size_t taken = 0;
    do {  // it stops after the head, and goes on with the body
      taken = parser.feed(inbox_.view());
      inbox_.drop(taken);
    } while (taken > 0 && !inbox_.empty() && !parser.failure() && !parser.done());
    if (setup_.on_piece) {
      auto handed = co_await hand_over_body(parser, answer);
      if (!handed) co_return handed;
    }
    if (parser.failure() || parser.done()) break;
    if (read_error_) {
      parser.feed_end();
      if (parser.done()) break;
      co_return Error::unavailable(setup_.request.method + " " + url.origin() + ": " + why_broken(parser.started()));
    }
    something_ = false;
    write_more();
    read_more();
    auto waited = co_await wait_for(something_, setup_.request.method + " " + url.origin());
    if (!waited) co_return std::move(waited).error();
  }
  if (!parser.failure()) co_return Result<void>();
  if (parser.failure()->code == 413 && setup_.request.cut_body) co_return Result<void>();
  if (parser.failure()->code == 413) co_return Error(TARSIER_RESOURCE, url.origin() + ": " + parser.failure()->message);
  co_return Error::invalid(url.origin() + ": " + parser.failure()->message);
}

void Call::take_whole(MessageParser& parser, Answer& answer) {
  parser.set_body_sink([this, &parser, &answer](std::string_view piece) -> Result<void> {
    std::string& body = answer.response.body;
    if (body.empty() && !answer.decoder && setup_.request.accept_compressed) {
      const std::string_view coding = find_header(parser.head().headers, "content-encoding");
      answer.is_gzip = is_gzip(coding);
      if (!answer.is_gzip) answer.decoder = make_decoder(coding);
    }
    if (answer.decoder) return answer.decoder->write(piece, setup_.request.max_body_bytes, body);
    if (body.empty()) body.reserve(std::min(parser.head().content_length.value_or(piece.size()), kMostReserved));
    body.append(piece);
    return {};
  });
}

/// Unpacks what is only unpacked as a whole.
Result<void> Call::finish_body(const MessageParser& parser, Answer& answer) {
  if (answer.decoder) return answer.decoder->finish();
  if (!answer.is_gzip) return {};
  const ClientRequest& request = setup_.request;
  std::string& body = answer.response.body;
  Result<std::string> unpacked = Error(TARSIER_RESOURCE, "the body is cut off");
  if (!parser.failure()) unpacked = decompress_gzip(body, request.max_body_bytes);
  const bool is_cut = !unpacked && unpacked.error().code() == TARSIER_RESOURCE && request.cut_body;
  if (!unpacked && !is_cut) return std::move(unpacked).error();
  body = is_cut ? std::string() : std::move(*unpacked);
  return {};
}

awaitable<Result<ClientResponse>> Call::transfer(const Url& url, const std::shared_ptr<Transport>& transport) {
  const std::shared_ptr<Transport> mine = transport;
  head_ = request_head(url);
  forget_received();
  written_ = 0;
  received_ = 0;
  writing_ = false;
  read_error_ = write_error_ = {};
  const ClientRequest& request = setup_.request;
  const auto kind = request.method == "HEAD" ? MessageParser::Kind::response_without_body : MessageParser::Kind::response;
  std::optional<MessageParser> parser;
  Answer answer;
  do {  // answers 100 to 199 only announce another
    parser.emplace(kind, kMaxHeaderBytes);
    parser->set_body_limit(request.max_body_bytes);
    if (setup_.on_piece) {
      parser->set_body_sink([&answer](std::string_view piece) -> Result<void> {
        answer.waiting.append(piece);
        return {};
      });
    } else {
      take_whole(*parser, answer);
    }
    auto received = co_await receive(*parser, answer, url);
    if (!received) co_return std::move(received).error();
  } while (parser->head().code >= 100 && parser->head().code < 200);
  if (auto whole = finish_body(*parser, answer); !whole) co_return std::move(whole).error().in(url.origin());
  MessageHead& head = parser->head();
  answer.response.code = head.code;
  answer.response.headers = std::move(head.headers);
  if (answer.decoder || answer.is_gzip) forget_coding(answer.response.headers);
  const bool reusable = head.keep_alive && !parser->failure() && !read_error_ && !write_error_ && !reading_ && !writing_ &&
                        inbox_.empty() && written_ == head_.size() + request.body.size();
  transport_.reset();
  if (reusable) {
    setup_.pool->give(pool_key(url), mine);
  } else {
    mine->close();
  }
  co_return std::move(answer.response);
}

}  // namespace tarsier::net
