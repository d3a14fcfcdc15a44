// TLS by a proxy: CONNECT (RFC 9110, section 9.3.6), before there is a transport.
#include <algorithm>

#include <boost/asio/buffer.hpp>

#include "plugins/lib/http/client_call.hpp"
#include "plugins/lib/http/client_words.hpp"

namespace tarsier::net {
namespace {

namespace asio = boost::asio;
using asio::awaitable;
using boost::system::error_code;

constexpr size_t kMaxHeaderBytes = 64 * 1024;
constexpr size_t kPiece = 4096;

}  // namespace

std::string Call::connect_head(const std::string& target, const Url& proxy) const {
  std::string head = "CONNECT " + target + " HTTP/1.1\r\nHost: " + target + "\r\n";
  const auto field = [&](std::string_view name, std::string_view value) {
    head.append(name).append(": ").append(value).append("\r\n");
  };
  const Headers& own = setup_.proxy->connect_headers();
  for (const Header& each : own) field(each.name, each.value);
  if (!proxy.user_info.empty() && !has_header(own, "proxy-authorization")) field("Proxy-Authorization", proxy_authorization(proxy));
  if (!has_header(own, "user-agent")) field("User-Agent", setup_.user_agent);
  head += "\r\n";
  return head;
}

awaitable<Result<void>> Call::send_connect(const std::string& what) {
  written_ = 0;
  while (written_ < head_.size()) {
    step_done_ = false;
    connecting_->async_write_some(asio::buffer(head_.data() + written_, head_.size() - written_),
                                  [self = shared_from_this()](error_code ec, size_t size) {
                                    self->step_error_ = ec;
                                    self->written_ += size;
                                    self->step_done_ = true;
                                    self->event_.notify();
                                  });
    auto waited = co_await wait_for(step_done_, what);
    if (!waited) co_return std::move(waited).error();
    if (step_error_) co_return Error::unavailable(what + ": " + words(step_error_));
  }
  co_return Result<void>();
}

awaitable<Result<void>> Call::receive_connect(const std::string& what) {
  MessageParser parser(MessageParser::Kind::response_without_body, kMaxHeaderBytes);
  forget_received();
  while (!parser.done()) {
    step_done_ = false;
    connecting_->async_read_some(asio::buffer(inbox_.room(kPiece).data(), kPiece),
                                 [self = shared_from_this()](error_code ec, size_t size) {
                                   self->step_error_ = ec;
                                   self->inbox_.add(size);
                                   self->step_done_ = true;
                                   self->event_.notify();
                                 });
    auto waited = co_await wait_for(step_done_, what);
    if (!waited) co_return std::move(waited).error();
    if (step_error_) co_return Error::unavailable(what + ": " + words(step_error_));
    inbox_.drop(parser.feed(inbox_.view()));
    if (parser.failure()) co_return Error::invalid(what + ": " + parser.failure()->message);
  }
  const uint32_t code = parser.head().code;
  if (code != 200)
    co_return Error::unavailable(what + ": HTTP status " + std::to_string(code) + " " + std::string(reason_phrase(code)));
  if (!inbox_.empty()) co_return Error::invalid(what + ": the server behind it began to speak before TLS");
  co_return Result<void>();
}

awaitable<Result<void>> Call::tunnel(const Url& url, const Url& proxy) {
  const std::string target = url.origin().substr(url.scheme.size() + 3);
  const std::string what = "proxy " + proxy.origin().substr(proxy.scheme.size() + 3) + ": CONNECT " + target;
  head_ = connect_head(target, proxy);
  auto sent = co_await send_connect(what);
  if (!sent) co_return std::move(sent).error();
  co_return co_await receive_connect(what);
}

}  // namespace tarsier::net
