// A call as a stream of a connection of HTTP/2.
#include <algorithm>
#include <array>
#include <utility>

#include "plugins/lib/http/client_call.hpp"

namespace tarsier::net {
namespace {

using boost::asio::awaitable;

/// What only HTTP/1.1 has (RFC 9113, 8.2.2), or has a field of its own.
bool is_left_out(const Header& field) {
  static constexpr std::array<std::string_view, 6> kLeftOut = {"connection",       "host",    "keep-alive",
                                                               "proxy-connection", "upgrade", "transfer-encoding"};
  if (equal_ignoring_case(field.name, "te")) return !equal_ignoring_case(trim(field.value), "trailers");
  return std::ranges::any_of(kLeftOut, [&](std::string_view name) { return equal_ignoring_case(field.name, name); });
}

}  // namespace

Headers Call::http2_head(const Url& url) const {
  const Headers fields = request_fields(url);
  Headers head = {{":method", setup_.request.method},
                  {":scheme", url.scheme},
                  {":authority", std::string(trim(find_header(fields, "host")))},
                  {":path", url.target}};
  for (const Header& each : fields) {
    if (!is_left_out(each)) head.push_back({lower(each.name), std::string(trim(each.value))});
  }
  return head;
}

awaitable<Result<ClientResponse>> Call::transfer_http2(const Url& url, Http2ClientConnection& connection) {
  received_ = 0;
  auto stream = connection.begin(http2_head(url), body_, [this] {
    something_ = true;
    event_.notify();
  });
  if (!stream) co_return std::move(stream).error().in(setup_.request.method + " " + url.origin());
  Answer answer;
  auto received = co_await receive_http2(**stream, answer, url);
  if (!received) {
    if (received.error().code() == TARSIER_DEADLINE) (*stream)->expire();
    co_return std::move(received).error();
  }
  auto response = finish(*(*stream)->head(), answer);
  if (!response) co_return std::move(response).error().in(url.origin());
  co_return response;
}

awaitable<Result<void>> Call::receive_http2(Http2ClientStream& stream, Answer& answer, const Url& url) {
  const std::string what = setup_.request.method + " " + url.origin();
  while (true) {
    something_ = false;
    if (stream.answered()) {
      received_ = std::max<uint64_t>(received_, 1);
      auto taken = co_await take_body(stream, answer);
      answer.is_cut = !taken && !setup_.on_piece && taken.error().code() == TARSIER_RESOURCE && setup_.request.cut_body;
      if (answer.is_cut) co_return Result<void>();
      if (!taken) co_return taken;
    }
    if (stream.answered() && stream.waits()) continue;  // it came while a worker had the piece before
    if (stream.ended()) co_return Result<void>();
    if (stream.broken()) {
      refused_ = stream.broken()->refused;
      co_return Error(stream.broken()->error).in(what);
    }
    auto waited = co_await wait_for(something_, what);
    if (!waited) co_return std::move(waited).error();
  }
}

/// What has come of the body. More may come when it has been taken, so a worker that takes its time holds nobody else up.
awaitable<Result<void>> Call::take_body(Http2ClientStream& stream, Answer& answer) {
  const MessageHead& head = *stream.head();
  const std::string piece = stream.take();
  answer.received += piece.size();
  const uint64_t most = setup_.request.max_body_bytes;
  if (answer.received > most)
    co_return Error(TARSIER_RESOURCE, setup_.url.origin() + ": the body is larger than " + std::to_string(most) + " bytes");
  if (!piece.empty()) {
    if (auto added = add_to_body(head, piece, answer); !added) co_return std::move(added).error().in(setup_.url.origin());
  }
  if (setup_.on_piece) {
    auto handed = co_await hand_over_body(head, answer);
    if (!handed) co_return handed;
  }
  stream.consume(piece.size());
  co_return Result<void>();
}

}  // namespace tarsier::net
