// A call whose answer is handed over while it comes: piece by piece to a worker, and no further before that has taken it.
#include <boost/asio/post.hpp>

#include "plugins/lib/http/client_call.hpp"

namespace tarsier::net {
namespace {

namespace asio = boost::asio;
using asio::awaitable;

// A worker is not bothered with less, while more is there.
constexpr size_t kFullPiece = size_t{32} << 10U;
// So little can become very much: what a piece of it may become in memory is bounded as well.
constexpr size_t kPackedPiece = 1024;
constexpr uint64_t kMaxUnpacked = uint64_t{64} << 20U;

}  // namespace

/// Lets a worker take a piece, and waits for it whatever happens meanwhile: what it looks at is in this coroutine.
awaitable<Result<void>> Call::hand_over(const ClientResponse& head, std::string_view piece) {
  if (cancelled_) co_return Error(TARSIER_CANCELLED, setup_.request.method + " " + setup_.url.origin() + ": cancelled");
  // Says that the task is over also when it is dropped.
  const auto over = [](Call* call) {
    asio::post(call->context_, [self = call->shared_from_this()] {
      self->piece_taken_ = true;
      self->event_.notify();
    });
  };
  piece_taken_ = false;
  piece_outcome_ = Error(TARSIER_CANCELLED, "the HTTP client is stopping");
  setup_.executor->post(Executor::Need::required, [call = std::shared_ptr<Call>(this, over), &head, piece] {
    call->piece_outcome_ = call->setup_.on_piece(head, piece);
  });
  while (!piece_taken_) co_await event_.wait_until(kNever);
  co_return std::move(piece_outcome_);
}

awaitable<Result<void>> Call::hand_over_unpacked(Answer& answer) {
  std::string_view rest = answer.unpacked;
  answer.handed_over += rest.size();
  if (answer.handed_over > setup_.request.max_body_bytes) {
    co_return Error(TARSIER_RESOURCE,
                    setup_.url.origin() + ": the body is larger than " + std::to_string(setup_.request.max_body_bytes) + " bytes");
  }
  while (!rest.empty()) {
    const std::string_view piece = rest.substr(0, Client::kMaxPiece);
    rest.remove_prefix(piece.size());
    auto handed = co_await hand_over(answer.response, piece);
    if (!handed) co_return handed;
  }
  answer.unpacked.clear();
  co_return Result<void>();
}

awaitable<Result<void>> Call::hand_over_body(const MessageHead& head, Answer& answer) {
  if (head.code < 200 || is_followed(head.code, head.headers)) {  // another answer comes
    answer.waiting.clear();
    co_return Result<void>();
  }
  if (!answer.begun) {
    answer.begun = true;
    answer.response.code = head.code;
    answer.response.headers = head.headers;
    if (setup_.request.accept_compressed) answer.decoder = make_decoder(find_header(head.headers, "content-encoding"));
    if (answer.decoder) forget_coding(answer.response.headers);
    auto handed = co_await hand_over(answer.response, {});
    if (!handed) co_return handed;
  }
  std::string_view rest = answer.waiting;
  while (!rest.empty()) {
    const std::string_view packed = rest.substr(0, answer.decoder ? kPackedPiece : rest.size());
    rest.remove_prefix(packed.size());
    if (answer.decoder) {
      auto unpacked = answer.decoder->write(packed, kMaxUnpacked, answer.unpacked);
      if (!unpacked) co_return std::move(unpacked).error().in(setup_.url.origin());
    } else {
      answer.unpacked.append(packed);
    }
    if (!rest.empty() && answer.unpacked.size() < kFullPiece) continue;
    auto handed = co_await hand_over_unpacked(answer);
    if (!handed) co_return handed;
  }
  answer.waiting.clear();
  co_return Result<void>();
}

}  // namespace tarsier::net
