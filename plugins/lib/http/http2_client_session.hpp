// Http2ClientSession: a client's side of one connection of HTTP/2 without the connection: requests in, frames out; bytes in,
// answers out. The bounds against hostile servers are Http2Engine's. No sockets, no threads, and the time is told.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "plugins/lib/http/http2_types.hpp"
#include "plugins/lib/http/message_parser.hpp"
#include "tarsier/result.hpp"

namespace tarsier::net {

class Http2ClientSession {
 public:
  using Moment = std::chrono::steady_clock::time_point;

  struct Limits {
    uint64_t max_header_bytes = 64 * 1024;  // of one list as RFC 9113 counts: names, values and 32 for each field
    uint32_t max_streams = 1000;            // at the same time, also when the server allows more
    uint32_t stream_window = 512 * 1024;    // bytes of a body that may come before consume()
    uint32_t connection_window = 8 * 1024 * 1024;
  };

  /// How a stream ended before its answer was whole.
  struct Break {
    Error error;
    bool refused = false;  // the server has not looked at the request: it may be sent again, whatever it is
  };

  /// Who owns the session. Nothing of it may call feed() or fill().
  class Owner {
   public:
    virtual ~Owner() = default;
    // During feed().
    /// The answer's head; what only announces another (100 to 199) has been passed over.
    virtual void on_head(int32_t stream, MessageHead head) = 0;
    virtual void on_body(int32_t stream, std::string_view piece) = 0;
    /// The answer is whole.
    virtual void on_end(int32_t stream) = 0;
    // During feed() and fill().
    /// The stream is over; none: as it should be.
    virtual void on_close(int32_t stream, std::optional<Break> broken) = 0;
    // During fill().
    /// The request's body from where it has been taken to. As long as the stream is not closed, take() of that size must be
    /// possible.
    virtual Http2Supply supply(int32_t stream, size_t most) = 0;
    virtual void take(int32_t stream, size_t size, std::string& to) = 0;
  };

  Http2ClientSession(Limits limits, Owner& owner, Moment now);
  ~Http2ClientSession();
  Http2ClientSession(const Http2ClientSession&) = delete;
  Http2ClientSession& operator=(const Http2ClientSession&) = delete;

  /// Takes all of what came. False: the server broke the rules or is too costly; what fill() gives is the farewell.
  bool feed(std::string_view bytes, Moment now);
  /// What the server did, in words; "" while the connection is good.
  const std::string& failure() const noexcept;
  /// Appends frames to `to` until it has about `most` bytes or there are no more.
  void fill(std::string& to, size_t most);
  /// Nothing is to be read or written any more.
  bool over() const;

  /// The server's settings have come: room() is what it allows.
  bool settled() const noexcept;
  /// No stream will begin any more: the server said so, or something is broken.
  bool leaving() const;
  /// Why the server is leaving, when it had a reason: "ENHANCE_YOUR_CALM (too_many_pings)"; or "".
  const std::string& parting_words() const noexcept;
  /// How many streams may begin now.
  size_t room() const;
  /// How many there may be at the same time, as far as is known.
  size_t most_streams() const;

  /// The stream's number. Once room() says so; with fields that begin with ':' first, and all names in lower case.
  Result<int32_t> request(const Headers& fields, bool with_body);
  /// Of a body that was told by on_body(): as many more may come.
  void consume(int32_t stream, size_t bytes);
  void reset(int32_t stream, Http2Error error);
  void ping();
  /// No streams of the server are expected, and no more of ours will begin.
  void shut_down();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tarsier::net
