// Http2Session: a server's side of one connection of HTTP/2 without the connection: bytes in, requests out; answers in, frames out.
// Frames, header compression and flow control are nghttp2's; the bounds against hostile peers are Http2Engine's. No sockets, no
// threads, and the time is told.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "plugins/lib/http/headers.hpp"
#include "plugins/lib/http/http2_types.hpp"
#include "plugins/lib/http/message_parser.hpp"

namespace tarsier::net {

/// The first bytes of a client that speaks HTTP/2 in clear without having asked.
bool is_http2_preface(std::string_view bytes) noexcept;
/// True as long as they may become it: some are there, and more are needed.
bool may_become_http2_preface(std::string_view bytes) noexcept;

class Http2Session {
 public:
  using Moment = std::chrono::steady_clock::time_point;

  struct Limits {
    uint64_t max_header_bytes = 64 * 1024;  // of one list as RFC 9113 counts: names, values and 32 for each field
    uint32_t max_streams = 100;             // open at the same time
    uint32_t stream_window = 128 * 1024;    // bytes of a body that may come before consume()
    uint32_t connection_window = 1024 * 1024;
  };

  using Supply = Http2Supply;

  /// Who owns the session. Streams that it does not know may be named. Nothing of it may call feed() or fill().
  class Owner {
   public:
    virtual ~Owner() = default;
    // During feed().
    /// A request's head. With `failure` it is not to be served, and its fields may be missing.
    virtual void on_head(int32_t stream, MessageHead head, std::optional<ParseFailure> failure) = 0;
    virtual void on_body(int32_t stream, std::string_view piece) = 0;
    /// The request is whole.
    virtual void on_end(int32_t stream) = 0;
    virtual void on_ping_answered() = 0;
    // During feed() and fill().
    /// The stream is over, as it should be or not.
    virtual void on_close(int32_t stream) = 0;
    // During fill().
    /// The answer's body from where it has been taken to; as long as the stream is not closed, take() of that size must be
    /// possible.
    virtual Supply supply(int32_t stream, size_t most) = 0;
    virtual void take(int32_t stream, size_t size, std::string& to) = 0;
    /// A frame of the stream has been made or has come, with its head.
    virtual void on_frame(int32_t stream, size_t size, bool sent) = 0;
  };

  Http2Session(Limits limits, Owner& owner, Moment now);
  ~Http2Session();
  Http2Session(const Http2Session&) = delete;
  Http2Session& operator=(const Http2Session&) = delete;

  /// Takes all of what came. False: the connection is broken or too costly; what fill() gives is its farewell.
  bool feed(std::string_view bytes, Moment now);
  /// Why feed() returned false.
  const std::string& failure() const noexcept;
  /// The peer did nothing that is malformed, but too much of what costs without leading anywhere.
  bool flooded() const noexcept;
  /// Appends frames to `to` until it has about `most` bytes or there are no more.
  void fill(std::string& to, size_t most);
  /// Nothing is to be read or written any more.
  bool over() const;
  /// The preface and the client's settings have come, and no header is half there.
  bool between_headers() const noexcept;

  /// Of a body that was told by on_body(): as many more may come.
  void consume(int32_t stream, size_t bytes);
  /// 100 Continue.
  void interim(int32_t stream);
  void answer(int32_t stream, uint32_t code, const Headers& fields, bool with_body);
  /// supply() has something again.
  void resume(int32_t stream);
  void reset(int32_t stream, Http2Error error);
  /// An answer that mattered has been sent whole: the peer may make more of a nuisance of itself.
  void earn();

  /// "No more streams soon", and a ping, so that what is on its way is not lost.
  void announce_shutdown();
  /// No streams beyond those that have come.
  void shut_down();
  void terminate(Http2Error error);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tarsier::net
