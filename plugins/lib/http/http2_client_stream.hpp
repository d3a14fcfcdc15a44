// Http2ClientStream: one request and its answer on a connection that is shared, as the call that made it sees it. Inside the
// library only; all of it is on the connection's network thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "plugins/lib/http/event.hpp"
#include "plugins/lib/http/http2_client_session.hpp"

namespace tarsier::net {

class Http2ClientConnection;

class Http2ClientStream {
 public:
  /// `wake` is called, never from within a call of this, when there is something new; not after the end of this.
  Http2ClientStream(std::shared_ptr<Http2ClientConnection> connection, int32_t id, std::function<void()> wake);
  /// Gives up what has not come to its end: the server is told by RST_STREAM.
  ~Http2ClientStream();
  Http2ClientStream(const Http2ClientStream&) = delete;
  Http2ClientStream& operator=(const Http2ClientStream&) = delete;

  /// Once it is there.
  MessageHead* head() noexcept { return head_ ? &*head_ : nullptr; }
  /// What has come of the body since the last time.
  std::string take() { return std::exchange(waiting_, {}); }
  bool waits() const noexcept { return !waiting_.empty(); }
  /// Of that: as many more may come.
  void consume(size_t bytes);
  /// The answer is whole.
  bool ended() const noexcept { return ended_; }
  /// How it was broken off instead.
  const std::optional<Http2ClientSession::Break>& broken() const noexcept { return broken_; }
  /// Something of the answer has come.
  bool answered() const noexcept { return head_.has_value(); }
  /// Its call has waited in vain: if nothing has come from the server meanwhile, whether it is there at all is asked.
  void expire();

  // ---- the connection's side -------------------------------------------------------------------------------------------------
  void add_head(MessageHead head);
  void add(std::string_view piece);
  void end();
  void break_off(Http2ClientSession::Break broken);
  void body_moved() const { wake_(); }

 private:
  const std::shared_ptr<Http2ClientConnection> connection_;
  const int32_t id_;
  const Moment begun_ = moment_now();
  const std::function<void()> wake_;
  std::optional<MessageHead> head_;
  std::string waiting_;
  bool ended_ = false;
  std::optional<Http2ClientSession::Break> broken_;
};

}  // namespace tarsier::net
