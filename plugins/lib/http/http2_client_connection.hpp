// Http2ClientConnection: a connection to a server that speaks HTTP/2, for many calls at a time. One coroutine gives the session
// what came and sends what it makes; reads and writes complete beside it and wake it. Inside the library only; all calls are on the
// transport's network thread.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "plugins/lib/http/event.hpp"
#include "plugins/lib/http/http2_client_session.hpp"
#include "plugins/lib/http/http2_client_stream.hpp"
#include "plugins/lib/http/transport.hpp"

namespace tarsier::net {

class Http2ClientConnection final : public Http2ClientSession::Owner, public std::enable_shared_from_this<Http2ClientConnection> {
 public:
  /// Who shares it out among calls.
  class Keeper {
   public:
    virtual ~Keeper() = default;
    /// What it says of itself may have changed.
    virtual void moved(Http2ClientConnection& connection) = 0;
  };
  struct Times {
    std::chrono::nanoseconds ping_after;    // that nothing came, while streams wait
    std::chrono::nanoseconds ping_timeout;  // then the server is dead
  };

  /// Of a transport whose handshake has chosen h2. `key` is the keeper's.
  Http2ClientConnection(std::shared_ptr<Transport> transport, std::string key, Times times, std::weak_ptr<Keeper> keeper);
  void start();

  const std::string& key() const noexcept { return key_; }
  /// How many streams may begin. None while it is in doubt whether the server is there.
  size_t room() const { return leaving() || doubted_ ? 0 : session_.room(); }
  /// There is no room, but there may be some soon, without a stream coming to its end.
  bool may_get_room() const {
    return !leaving() && !doubted_ && room() == 0 && (!session_.settled() || session_.most_streams() == 0);
  }
  /// No stream will begin any more. Those that are there go on.
  bool leaving() const { return closing_ || over_ || session_.leaving(); }
  /// No call has a stream.
  bool resting() const noexcept { return attached_ == 0; }
  void close();

  /// Once room() says so. The fields are those of Http2ClientSession::request.
  Result<std::unique_ptr<Http2ClientStream>> begin(const Headers& fields, std::shared_ptr<const std::string> body,
                                                   std::function<void()> wake);

  // ---- of its streams ----------------------------------------------------------------------------------------------------------
  void consume(int32_t id, size_t bytes);
  void leave(int32_t id);
  void doubt(Moment since);

 private:
  template <class T>
  using Awaitable = boost::asio::awaitable<T>;

  /// A stream until it is closed, which may be after its call has left.
  struct Entry {
    Http2ClientStream* stream;  // null: it has left
    std::shared_ptr<const std::string> body;
    size_t taken = 0;
  };

  void on_head(int32_t id, MessageHead head) override;
  void on_body(int32_t id, std::string_view piece) override;
  void on_end(int32_t id) override;
  void on_close(int32_t id, std::optional<Http2ClientSession::Break> broken) override;
  Http2Supply supply(int32_t id, size_t most) override;
  void take(int32_t id, size_t size, std::string& to) override;
  Http2ClientStream* find(int32_t id) const;

  Awaitable<void> run();
  void take_input();
  void check_silence();
  Moment next_deadline() const;
  void read_more();
  void write_more();
  void write_rest();
  bool finished() const;
  void end();
  void end_streams();
  Error why_over(const Http2ClientStream& stream) const;
  void say_goodbye();
  void tell_keeper();
  void release_buffers();

  const std::shared_ptr<Transport> transport_;
  const std::string key_;
  const Times times_;
  const std::weak_ptr<Keeper> keeper_;
  Event event_;
  Http2ClientSession session_;
  std::map<int32_t, Entry> streams_;
  size_t attached_ = 0;  // of these, with a call
  bool moved_ = false;   // the keeper does not know it yet

  std::unique_ptr<char[]> read_buffer_;
  size_t arrived_ = 0;   // in it, not given to the session
  std::string out_;      // made by the session
  std::string sending_;  // being written
  size_t written_ = 0;   // of sending_
  bool reading_ = false;
  bool writing_ = false;
  boost::system::error_code read_error_;
  boost::system::error_code write_error_;

  Moment heard_ = moment_now();  // of the server
  Moment busy_since_ = kNever;
  std::optional<Moment> pinged_;  // and nothing came since
  std::optional<Moment> broken_;  // sending failed: what has come is taken, and then it is over
  bool doubted_ = false;
  bool silent_ = false;   // for too long
  bool closing_ = false;  // from here
  bool over_ = false;
  std::string thrown_;
};

}  // namespace tarsier::net
