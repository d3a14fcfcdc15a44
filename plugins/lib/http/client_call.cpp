// A client's call: sends, receives, follows redirects, all under one deadline. client_connect.cpp has how it gets a connection,
// client_http2.cpp what is different on one of HTTP/2.
#include "plugins/lib/http/client_call.hpp"

#include <algorithm>
#include <exception>
#include <span>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>

#include "plugins/lib/http/base64.hpp"
#include "plugins/lib/http/client_words.hpp"

namespace tarsier::net {
namespace {

namespace asio = boost::asio;
using asio::awaitable;
using boost::system::error_code;

constexpr size_t kMaxHeaderBytes = 256 * 1024;
constexpr size_t kReadBuffer = 32 * 1024;
constexpr size_t kMostRefusals = 4;              // of one request
constexpr uint64_t kMostReserved = 1024 * 1024;  // of a body that says how long it will be

bool is_idempotent(std::string_view method) {
  return method == "GET" || method == "HEAD" || method == "PUT" || method == "DELETE" || method == "OPTIONS";
}

bool is_redirect(uint32_t code) { return code == 301 || code == 302 || code == 303 || code == 307 || code == 308; }

}  // namespace

void forget_coding(Headers& headers) {
  std::erase_if(headers, [](const Header& each) { return each.name == "content-encoding" || each.name == "content-length"; });
}

Call::Call(asio::io_context& context, Setup setup)
    : context_(context),
      setup_(std::move(setup)),
      body_(std::make_shared<const std::string>(std::move(setup_.request.body))),
      event_(context),
      deadline_(begun_ + setup_.request.timeout) {}

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
    body_ = std::make_shared<const std::string>();
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

/// One request and its answer, on a pooled connection if there is one. A pooled one may turn out to be closed: then once more. And
/// a server of HTTP/2 may send a request away that it has not looked at.
awaitable<Result<ClientResponse>> Call::exchange_once(const Url& url) {
  Http2Pool::Refusers refusers;
  bool was_stale = false;
  while (true) {
    auto carrier = co_await find_carrier(url, refusers, was_stale);
    if (!carrier) co_return std::move(carrier).error();
    if (carrier->reused) setup_.stats->reused.fetch_add(1, std::memory_order_relaxed);
    refused_ = false;
    // Not by "?:", of which g++ 12 makes wrong code when a co_await is in it.
    Result<ClientResponse> response = Error::internal("no connection");
    if (carrier->http2) {
      response = co_await transfer_http2(url, *carrier->http2);
    } else {
      response = co_await transfer(url, carrier->transport);
    }
    if (response || response.error().code() != TARSIER_UNAVAILABLE) co_return response;
    if (refused_ && refusers.size() < kMostRefusals) {
      refusers.push_back(std::move(carrier->http2));
      continue;
    }
    const bool stale = carrier->reused && received_ == 0 && is_idempotent(setup_.request.method);
    if (refused_ || !stale || std::exchange(was_stale, true)) co_return response;
    if (transport_) transport_->close();
  }
}

/// What both versions send; HTTP/1.1 with Host in front. Those of the connection are set by the program.
Headers Call::request_fields(const Url& url) const {
  const ClientRequest& request = setup_.request;
  const Url* const proxy = url.scheme == "http" ? proxy_for(url) : nullptr;
  Headers fields;
  if (!has_header(request.headers, "host")) fields.push_back({"Host", url.authority()});
  for (const Header& each : request.headers) {
    const bool is_own = equal_ignoring_case(each.name, "content-length") || equal_ignoring_case(each.name, "transfer-encoding") ||
                        equal_ignoring_case(each.name, "connection");
    if (!is_own) fields.push_back(each);
  }
  if (proxy != nullptr && !proxy->user_info.empty()) fields.push_back({"Proxy-Authorization", proxy_authorization(*proxy)});
  if (!has_header(request.headers, "user-agent")) fields.push_back({"User-Agent", setup_.user_agent});
  if (!has_header(request.headers, "accept")) fields.push_back({"Accept", "*/*"});
  if (request.accept_compressed && !has_header(request.headers, "accept-encoding"))
    fields.push_back({"Accept-Encoding", "gzip, zstd"});
  if (!url.user_info.empty() && !has_header(request.headers, "authorization"))
    fields.push_back({"Authorization", "Basic " + base64(url.user_info)});
  const bool has_body = !body_->empty() || request.method == "POST" || request.method == "PUT" || request.method == "PATCH";
  if (has_body) fields.push_back({"Content-Length", std::to_string(body_->size())});
  return fields;
}

std::string Call::request_head(const Url& url) const {
  const Url* const proxy = url.scheme == "http" ? proxy_for(url) : nullptr;
  const std::string server = proxy != nullptr ? "http://" + url.authority() : "";
  std::string head = setup_.request.method + " " + server + url.target + " HTTP/1.1\r\n";
  for (const Header& each : request_fields(url)) head.append(each.name).append(": ").append(each.value).append("\r\n");
  return head.append("\r\n");
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
  const std::string& body = *body_;
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
  const error_code& ec = write_error_ ? write_error_ : read_error_;
  return is_end(ec) && !write_error_ ? closed_words(answer_begun) : words(ec);
}

/// Sends and receives at the same time, so that an early refusal is seen; until the parser is done.
awaitable<Result<void>> Call::receive(MessageParser& parser, Answer& answer, const Url& url) {
  while (true) {
    size_t taken = 0;
    do {  // it stops after the head, and goes on with the body
      taken = parser.feed(inbox_.view());
      inbox_.drop(taken);
    } while (taken > 0 && !inbox_.empty() && !parser.failure() && !parser.done());
    if (setup_.on_piece && parser.head_done()) {
      auto handed = co_await hand_over_body(parser.head(), answer);
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
  answer.is_cut = parser.failure()->code == 413 && setup_.request.cut_body;
  if (answer.is_cut) co_return Result<void>();
  if (parser.failure()->code == 413) co_return Error(TARSIER_RESOURCE, url.origin() + ": " + parser.failure()->message);
  co_return Error::invalid(url.origin() + ": " + parser.failure()->message);
}

Result<void> Call::add_to_body(const MessageHead& head, std::string_view piece, Answer& answer) {
  if (setup_.on_piece) {
    answer.waiting.append(piece);
    return {};
  }
  std::string& body = answer.response.body;
  if (body.empty() && !answer.decoder && setup_.request.accept_compressed) {
    const std::string_view coding = find_header(head.headers, "content-encoding");
    answer.is_gzip = is_gzip(coding);
    if (!answer.is_gzip) answer.decoder = make_decoder(coding);
  }
  if (answer.decoder) return answer.decoder->write(piece, setup_.request.max_body_bytes, body);
  if (body.empty()) body.reserve(std::min(head.content_length.value_or(piece.size()), kMostReserved));
  body.append(piece);
  return {};
}

/// The answer as it is told; unpacks what is only unpacked as a whole.
Result<ClientResponse> Call::finish(MessageHead& head, Answer& answer) {
  const ClientRequest& request = setup_.request;
  ClientResponse& response = answer.response;
  if (answer.decoder) {
    if (auto whole = answer.decoder->finish(); !whole) return std::move(whole).error();
  } else if (answer.is_gzip) {
    Result<std::string> unpacked = Error(TARSIER_RESOURCE, "the body is cut off");
    if (!answer.is_cut) unpacked = decompress_gzip(response.body, request.max_body_bytes);
    const bool is_cut = !unpacked && unpacked.error().code() == TARSIER_RESOURCE && request.cut_body;
    if (!unpacked && !is_cut) return std::move(unpacked).error();
    response.body = is_cut ? std::string() : std::move(*unpacked);
  }
  response.code = head.code;
  response.headers = std::move(head.headers);
  if (answer.decoder || answer.is_gzip) forget_coding(response.headers);
  return std::move(response);
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
    parser->set_body_sink([this, &parser, &answer](std::string_view piece) { return add_to_body(parser->head(), piece, answer); });
    auto received = co_await receive(*parser, answer, url);
    if (!received) co_return std::move(received).error();
  } while (parser->head().code >= 100 && parser->head().code < 200);
  const bool reusable = parser->head().keep_alive && !parser->failure() && !read_error_ && !write_error_ && !reading_ &&
                        !writing_ && inbox_.empty() && written_ == head_.size() + body_->size();
  auto response = finish(parser->head(), answer);
  if (!response) co_return std::move(response).error().in(url.origin());
  transport_.reset();
  if (reusable) {
    setup_.pool->give(pool_key(url), mine);
  } else {
    mine->close();
  }
  co_return response;
}

}  // namespace tarsier::net
