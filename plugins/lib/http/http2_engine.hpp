// Http2Engine: what both sides of HTTP/2 share: nghttp2's session with its callbacks as functions of C++, bodies that are sent
// without a copy, and the bounds against hostile peers. Inside the library only.
#pragma once

#include <cstdint>
#include <nghttp2/nghttp2.h>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/lib/http/headers.hpp"
#include "plugins/lib/http/http2_types.hpp"
#include "plugins/lib/http/http2_watch.hpp"

namespace tarsier::net {

/// The fields of one header while they come: they come one after the other, never interleaved.
struct Http2Fields {
  Headers headers;  // without those that begin with ':'
  std::optional<uint64_t> content_length;
  uint64_t size = 0;  // as RFC 9113, 6.5.2 counts
  bool too_large = false;

  /// Counts; false when there is no room for it, or has not been before.
  bool count(std::string_view name, std::string_view value, uint64_t max_bytes);
  void add(std::string_view name, std::string_view value);
};

nghttp2_nv http2_field(std::string_view name, std::string_view value);
/// Points into the fields.
std::vector<nghttp2_nv> http2_fields(const Headers& fields);

class Http2Engine {
 public:
  using Moment = Http2Watch::Moment;
  enum class Side : uint8_t { server, client };

  Http2Engine(Side side, uint64_t max_header_bytes, Moment now);
  virtual ~Http2Engine();
  Http2Engine(const Http2Engine&) = delete;
  Http2Engine& operator=(const Http2Engine&) = delete;

  bool feed(std::string_view bytes, Moment now);
  void fill(std::string& to, size_t most);
  /// Nothing is to be read or written any more.
  bool over() const;
  void fail(std::string_view why, uint32_t code);
  /// Of calls that can only fail for want of memory, or because the stream has gone meanwhile.
  void check(int status);
  void open(std::span<const nghttp2_settings_entry> settings, uint32_t connection_window);
  void consume(int32_t stream, size_t bytes);
  void reset(int32_t stream, uint32_t error);
  /// For a header with a body, which supply() gives.
  static nghttp2_data_provider body_provider();
  /// Something came to its end that mattered: the peer may make more of a nuisance of itself.
  void earn();

  nghttp2_session* session() const noexcept { return session_; }
  const std::string& failure() const noexcept { return failure_; }
  bool flooded() const noexcept { return flooded_; }
  bool between_headers() const noexcept { return watch_.between_headers(); }

 protected:
  // During feed().
  virtual void begin_headers(const nghttp2_frame& frame) = 0;
  virtual void add_field(std::string_view name, std::string_view value) = 0;
  virtual void received(const nghttp2_frame& frame) = 0;
  virtual void body_piece(int32_t stream, std::string_view piece) = 0;
  /// A frame against the rules; `problem` is nghttp2's number for it.
  virtual void invalid(const nghttp2_frame&, int /*problem*/) {}
  // During feed() and fill().
  virtual void closed(int32_t stream, uint32_t error) = 0;
  // During fill().
  virtual Http2Supply supply(int32_t stream, size_t most) = 0;
  virtual void take(int32_t stream, size_t size, std::string& to) = 0;
  virtual void sent(const nghttp2_frame& frame) = 0;
  virtual void not_sent(const nghttp2_frame&, int /*problem*/) {}

 private:
  struct Calls;
  ssize_t give_body(int32_t stream, size_t most, uint32_t* flags);
  void send_body(const nghttp2_frame& frame, const uint8_t* head, size_t size);

  Http2Watch watch_;
  nghttp2_session* session_ = nullptr;
  std::string failure_;
  std::string thrown_;  // of a callback
  bool flooded_ = false;
  std::string* out_ = nullptr;  // of the fill() that runs
  size_t out_most_ = 0;
};

}  // namespace tarsier::net
