// Http2Stream: one request and its answer on a connection of HTTP/2. The body waits here until the connection lets it in, the
// answer until the session takes it.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "plugins/lib/http/event.hpp"
#include "plugins/lib/http/http2_session.hpp"
#include "plugins/lib/http/request_intake.hpp"

namespace tarsier::net {

/// [net]
class Http2Stream {
 public:
  Http2Stream(const Connection::Setup& setup, int32_t id) : setup_(setup), limits_(setup.options->limits), id_(id) {}
  ~Http2Stream();
  Http2Stream(const Http2Stream&) = delete;
  Http2Stream& operator=(const Http2Stream&) = delete;

  int32_t id() const noexcept { return id_; }

  // ---- the request ----------------------------------------------------------------------------------------------------------
  void begin(MessageHead head, std::optional<ParseFailure> failure);
  /// Once: the client waits to be told that it may send its body.
  bool take_expectation();
  /// A piece of the body, to wait until take_in().
  void add(std::string_view piece);
  void end_request() noexcept { whole_ = true; }
  /// Whether take_in() has something to do.
  bool wants_in() const noexcept { return waits_for_body() && !taken_in_ && (whole_ || !inbox_.empty()); }
  /// Lets in what waits; returns how much that was. What is wrong with it becomes the answer.
  size_t take_in();
  /// The client may not send more for now: time does not count against it.
  void hold_back() noexcept { pace_.reset(); }
  bool started() const noexcept { return exchange_ != nullptr; }
  bool refused() const noexcept { return admission_.refusal.has_value(); }
  /// Everything that the handler needs is there.
  bool ready() const noexcept { return !started() && (refused() || taken_in_); }
  /// Hands it to its handler, or begins to refuse it.
  void start(Exchange::Wiring wiring);
  bool waits_for_body() const noexcept { return !started() && !refused(); }
  /// Bytes that are kept for it.
  size_t held_bytes() const noexcept { return body_bytes() + inbox_.size() + unsent_; }
  size_t body_bytes() const noexcept { return started() ? exchange_->request().body.size() : request_.body.size(); }

  // ---- the answer ------------------------------------------------------------------------------------------------------------
  /// What has become of the answer since; `false` when it is to be broken off.
  bool collect();
  /// Once: the answer has begun. Whether a body or trailers follow is said by has_body().
  std::optional<Headers> take_head();
  bool has_body() const noexcept { return !complete_ || unsent_ > 0 || !trailers_.empty(); }
  uint32_t code() const noexcept { return code_; }
  Http2Session::Supply supply(size_t most) const;
  void take(size_t size, std::string& to);
  /// The answer has been taken to its end.
  bool answered() const noexcept { return head_taken_ && complete_ && unsent_ == 0; }
  /// Once: nothing more is wanted of it.
  bool break_off() noexcept { return !std::exchange(broken_off_, true); }

  // ---- time -------------------------------------------------------------------------------------------------------------------
  Moment deadline() const;
  enum class Late { not_yet, answered, broken };
  /// Past deadline(): answers instead of the client or the handler that was too slow, or gives up on a client that does not read.
  Late expire(Moment now);

  /// The stream is over: tells its handler and the log. The exchange, if there is one.
  std::shared_ptr<Exchange> close();
  void count_frame(size_t bytes, bool sent) noexcept { (sent ? sent_bytes_ : received_bytes_) += bytes; }

 private:
  const Request& request() const noexcept { return exchange_ ? exchange_->request() : request_; }

  const Connection::Setup& setup_;
  const ServerLimits& limits_;
  const int32_t id_;
  const Moment begun_ = moment_now();

  Request request_;  // until it is started
  Admission admission_;
  BodyIntake body_;
  std::string inbox_;
  bool whole_ = false;     // all of it has come
  bool taken_in_ = false;  // and is in the request
  bool told_to_continue_ = false;

  std::shared_ptr<Exchange> exchange_;
  std::deque<std::string> out_;
  size_t taken_ = 0;  // of out_[0]
  size_t unsent_ = 0;
  Headers trailers_;
  uint32_t code_ = 0;
  bool begun_answer_ = false;
  bool head_taken_ = false;
  bool complete_ = false;
  bool broken_off_ = false;

  Moment expiry_ = kNever;    // of the handler
  std::optional<Pace> pace_;  // of the body that comes, then of the answer that goes
  uint64_t received_bytes_ = 0;
  uint64_t sent_bytes_ = 0;
};

}  // namespace tarsier::net
