// Exchange: making the bytes of an answer, and keeping the handler's and the connection's side apart.
#include "plugins/lib/http/exchange.hpp"

#include <array>
#include <cstdio>
#include <utility>

#include "plugins/lib/http/answer_head.hpp"
#include "plugins/lib/http/grpc_refusal.hpp"
#include "tarsier/service/http.h"

namespace tarsier::net {
namespace {

constexpr size_t kMinCompressed = 1024;

std::string chunk(std::string_view piece) {
  std::array<char, 24> size{};
  const int digits = std::snprintf(size.data(), size.size(), "%zx\r\n", piece.size());
  std::string out;
  out.reserve(piece.size() + static_cast<size_t>(digits) + 2);
  out.append(size.data(), static_cast<size_t>(digits)).append(piece).append("\r\n");
  return out;
}

}  // namespace

Answer text_answer(uint32_t code, std::string_view text) {
  Answer answer;
  answer.code = code;
  answer.headers = {{"Content-Type", "text/plain; charset=utf-8"}, {"X-Content-Type-Options", "nosniff"}};
  answer.body.append(text).append("\n");
  return answer;
}

Exchange::Exchange(Request request, Headers extra_headers, std::shared_ptr<void> route, Wiring wiring)
    : request_(std::move(request)),
      extra_headers_(std::move(extra_headers)),
      route_(std::move(route)),
      wiring_(std::move(wiring)) {}

Exchange::~Exchange() {
  if (websocket_) websocket_.on_gone();  // the connection ended before the socket could open
}

// ---- the handler's side
// ----------------------------------------------------------------------------------------------------------

std::shared_ptr<void> Exchange::route() const {
  const Lock lock(state_mutex_);
  return route_;
}

void Exchange::set_route(std::shared_ptr<void> route) {
  const Lock lock(state_mutex_);
  route_ = std::move(route);
}

void Exchange::hand_out(std::function<void()> released) {
  const Lock lock(state_mutex_);
  self_ = shared_from_this();
  released_ = std::move(released);
}

void Exchange::respond(Answer answer) {
  const auto self = shared_from_this();
  Encoding encoding = answer.body.size() > kMinCompressed ? encoding_for(answer.code, answer.headers) : Encoding::identity;
  if (encoding != Encoding::identity && !cancelled()) {  // outside the lock: this is what takes time
    if (auto packed = compress(encoding, answer.body); packed && packed->size() < answer.body.size()) {
      answer.body = std::move(*packed);
    } else {
      encoding = Encoding::identity;
    }
  }
  Lock lock(state_mutex_);
  if (state_ == State::waiting && !expired_) finish_locked(std::move(answer), encoding);
  wake(lock);
  lock.lock();
  release(lock);
}

void Exchange::begin(uint32_t code, Headers headers) {
  Lock lock(state_mutex_);
  if (state_ != State::waiting || expired_) return;
  const Encoding encoding = encoding_for(code, headers);
  if (encoding != Encoding::identity) {
    encoder_ = make_encoder(encoding);
    headers.push_back({"Content-Encoding", std::string(encoding_name(encoding))});
  }
  keep_alive_ = request_.keep_alive && !(wiring_.draining != nullptr && wiring_.draining->load(std::memory_order_relaxed));
  chunked_ = body_allowed(code) && request_.http_1_1 && !request_.http_2;
  if (!request_.http_1_1) keep_alive_ = false;
  push_head(code, headers, std::nullopt);
  state_ = State::streaming;
  wake(lock);
}

Exchange::Write Exchange::write(std::string_view piece) {
  Lock lock(state_mutex_);
  if (cancelled() || expired_ || state_ != State::streaming) return Write::cancelled;
  if (waiting_bytes_ > kMaxWaiting) return Write::full;
  if (piece.empty() || !body_allowed(code_)) return Write::taken;
  if (encoder_) {
    std::string packed;
    if (!encoder_->write(piece, true, packed)) {  // no memory for it: the answer cannot be completed
      aborted_ = true;
      cancelled_.store(true, std::memory_order_release);
    } else {
      push_piece(packed);
    }
  } else {
    push_piece(piece);
  }
  wake(lock);
  return cancelled() ? Write::cancelled : Write::taken;
}

void Exchange::end(bool aborted, const Headers& trailers) {
  const auto self = shared_from_this();
  Lock lock(state_mutex_);
  if (state_ == State::streaming) {
    if (encoder_ && !aborted && body_allowed(code_)) {
      std::string packed;
      aborted = !encoder_->finish(packed);
      if (!aborted) push_piece(packed);
    }
    if (chunked_ && !aborted) push(last_chunk(trailers));
    if (request_.http_2 && body_allowed(code_)) trailers_ = allowed_trailers(trailers);
    aborted_ = aborted_ || aborted;
    state_ = State::complete;
  } else if (state_ == State::waiting && !expired_) {
    finish_locked(text_answer(500, "the handler ended an answer that it had not begun"), Encoding::identity);
  }
  wake(lock);
  lock.lock();
  release(lock);
}

void Exchange::on_writable(std::function<void()> call) {
  Lock lock(state_mutex_);
  writable_ = std::move(call);
  const bool room = state_ == State::streaming && waiting_bytes_ <= kMaxWaiting / 2;
  if (room || cancelled()) notify_writable(lock);
}

bool Exchange::upgrade(WebsocketCallbacks callbacks) {
  const auto self = shared_from_this();
  const bool asked = list_has_token(joined_header(request_.headers, "upgrade"), "websocket") &&
                     list_has_token(joined_header(request_.headers, "connection"), "upgrade") &&
                     request_.method == TARSIER_HTTP_GET && has_header(request_.headers, "sec-websocket-key") && request_.http_1_1;
  Lock lock(state_mutex_);
  bool done = false;
  if (state_ == State::waiting && !expired_) {
    if (!asked) {
      finish_locked(text_answer(400, "expected a websocket handshake"), Encoding::identity);
    } else if (find_header(request_.headers, "sec-websocket-version") != "13") {
      Answer answer = text_answer(426, "expected version 13 of the websocket protocol");
      answer.headers.push_back({"Sec-WebSocket-Version", "13"});
      finish_locked(std::move(answer), Encoding::identity);
    } else {
      websocket_ = std::move(callbacks);
      upgraded_ = true;
      code_ = 101;
      state_ = State::complete;
      done = true;
    }
  }
  wake(lock);
  lock.lock();
  release(lock);
  return done;
}

// ---- the connection's side ---------------------------------------------------------------------------------------------------

std::deque<std::string> Exchange::take_output() {
  const Lock lock(state_mutex_);
  return std::exchange(output_, {});
}

Headers Exchange::take_head() {
  const Lock lock(state_mutex_);
  return std::exchange(head_, {});
}

Headers Exchange::take_trailers() {
  const Lock lock(state_mutex_);
  return std::exchange(trailers_, {});
}

void Exchange::sent(size_t bytes) {
  Lock lock(state_mutex_);
  waiting_bytes_ -= std::min(bytes, waiting_bytes_);
  if (state_ == State::streaming && waiting_bytes_ <= kMaxWaiting / 2) notify_writable(lock);
}

Exchange::Progress Exchange::progress() const {
  const Lock lock(state_mutex_);
  return {code_ != 0 && !upgraded_, state_ == State::complete, aborted_, upgraded_, keep_alive_, code_};
}

bool Exchange::owed() const {
  const Lock lock(state_mutex_);
  return !finished_by_handler_;
}

WebsocketCallbacks Exchange::take_websocket() {
  const Lock lock(state_mutex_);
  return std::exchange(websocket_, {});
}

void Exchange::cancel() {
  Lock lock(state_mutex_);
  if (cancelled_.exchange(true, std::memory_order_acq_rel)) return;
  notify_writable(lock);
}

void Exchange::expire(Answer answer) {
  Lock lock(state_mutex_);
  if (state_ != State::waiting || expired_) return;
  finish_locked(std::move(answer), Encoding::identity);
  expired_ = true;
  cancelled_.store(true, std::memory_order_release);
  notify_writable(lock);
}

void Exchange::detach() {
  Lock lock(state_mutex_);
  cancelled_.store(true, std::memory_order_release);
  notify_writable(lock);
  wiring_ = {};
  output_.clear();
}

// ---- inside, with the lock held ------------------------------------------------------------------------------------------------

bool Exchange::body_allowed(uint32_t code) const noexcept {
  return code >= 200 && code != 204 && code != 304 && request_.method != TARSIER_HTTP_HEAD;
}

Encoding Exchange::encoding_for(uint32_t code, const Headers& headers) const {
  if (code >= 400 && speaks_grpc(request_)) return Encoding::identity;  // its text becomes a field
  if (!body_allowed(code) || has_header(headers, "content-encoding") || !is_compressible(find_header(headers, "content-type"))) {
    return Encoding::identity;
  }
  return choose_encoding(joined_header(request_.headers, "accept-encoding"));
}

void Exchange::finish_locked(Answer answer, Encoding encoding) {
  if (answer.code >= 400 && speaks_grpc(request_)) answer = grpc_refusal(answer);
  if (encoding != Encoding::identity) answer.headers.push_back({"Content-Encoding", std::string(encoding_name(encoding))});
  keep_alive_ = request_.keep_alive && !(wiring_.draining != nullptr && wiring_.draining->load(std::memory_order_relaxed));
  bool sized = answer.code >= 200 && answer.code != 204 && answer.code != 304;
  // An empty body of HTTP/2 ends with its head, which says it all; gRPC wants nothing else there.
  if (request_.http_2 && answer.body.empty()) sized = false;
  push_head(answer.code, answer.headers, sized ? std::optional<uint64_t>(answer.body.size()) : std::nullopt);
  if (body_allowed(answer.code) && !answer.body.empty()) push(std::move(answer.body));
  state_ = State::complete;
}

void Exchange::push_head(uint32_t code, const Headers& headers, std::optional<uint64_t> length) {
  code_ = code;
  const AnswerHead head{code, headers, extra_headers_, length};
  if (request_.http_2) {
    head_ = http2_head(head);
    return;
  }
  const std::string_view connection = !keep_alive_ ? "close" : !request_.http_1_1 ? "keep-alive" : "";
  push(http1_head(head, chunked_ && !length, connection));
}

void Exchange::push(std::string bytes) {
  if (bytes.empty()) return;
  waiting_bytes_ += bytes.size();
  output_.push_back(std::move(bytes));
}

void Exchange::push_piece(std::string_view piece) {
  if (piece.empty()) return;
  push(chunked_ ? chunk(piece) : std::string(piece));
}

void Exchange::notify_writable(Lock&) {
  if (!writable_ || wiring_.executor == nullptr) return;
  auto call = std::exchange(writable_, nullptr);
  wiring_.executor->post(Executor::Need::required, [self = shared_from_this(), call = std::move(call)] {
    {
      const Lock lock(self->state_mutex_);
      if (self->finished_by_handler_) return;  // the answer ended meanwhile, and with it the wish
      ++self->callbacks_running_;
    }
    call();
    Lock lock(self->state_mutex_);
    --self->callbacks_running_;
    if (self->finished_by_handler_) {
      self->finished_by_handler_ = false;
      self->release(lock);
    }
  });
}

void Exchange::wake(Lock& lock) {
  if (wiring_.wake) wiring_.wake();  // under the lock: detach() must not overtake it
  lock.unlock();
}

void Exchange::release(Lock& lock) {
  if (finished_by_handler_) return;
  finished_by_handler_ = true;
  if (callbacks_running_ > 0) return;
  const auto released = std::exchange(released_, nullptr);
  const auto self = std::exchange(self_, nullptr);
  writable_ = nullptr;
  lock.unlock();
  if (released) released();
}

}  // namespace tarsier::net
