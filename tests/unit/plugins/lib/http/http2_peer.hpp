// A client of HTTP/2 for tests: nghttp2 over a blocking socket, with room for frames that no client should send.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "plugins/lib/http/headers.hpp"
#include "tests/unit/plugins/lib/http/support.hpp"

struct nghttp2_session;

namespace tarsier::net::test {

/// The bytes of a frame.
std::string frame_bytes(uint8_t type, uint8_t flags, int32_t stream, std::string_view payload);
/// The preface and empty settings.
std::string http2_hello();

class Http2Peer {
 public:
  struct Answer {
    uint32_t code = 0;
    uint32_t interim = 0;
    std::map<std::string, std::string> headers, trailers;
    std::string body;
    bool head_done = false;
    bool head_is_end = false;
    bool closed = false;
    uint32_t error = 0;  // of RST_STREAM
  };
  /// With `open_windows` false the server may send what it has at first, and no more.
  explicit Http2Peer(uint16_t port, bool open_windows = true, uint32_t window = 65535);
  ~Http2Peer();
  Http2Peer(const Http2Peer&) = delete;
  Http2Peer& operator=(const Http2Peer&) = delete;

  int32_t request(const std::string& method, const std::string& path, const Headers& more = {},
                  std::optional<std::string> body = std::nullopt);
  int32_t get(const std::string& path) { return request("GET", path); }
  /// A request whose body does not end; more of it by send_raw().
  int32_t begin(const std::string& method, const std::string& path, const Headers& more = {});
  Answer& answer(int32_t stream) { return answers_[stream]; }
  /// Until the stream is closed, or the connection.
  Answer& wait(int32_t stream);
  /// Sends what there is and takes one piece of what comes; false at the end.
  bool step();
  /// Takes what comes until the condition holds; false when the connection ends before, or after 20 s.
  template <class Condition>
  bool until(Condition&& condition) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!condition()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      if (!raw.readable()) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
      } else if (!step()) {
        return condition();
      }
    }
    return true;
  }
  void reset(int32_t stream);
  /// Lets that much more come.
  void open_window(int32_t stream, size_t bytes);
  bool send_raw(std::string_view bytes);
  void flush();
  std::optional<uint32_t> goaway;  // the error of the last one
  int32_t last_stream = -1;        // of it
  size_t pings_answered = 0;
  Raw raw;

 private:
  struct Calls;
  int32_t submit(const std::string& method, const std::string& path, const Headers& more, bool with_body);
  nghttp2_session* session_ = nullptr;
  const bool open_windows_;
  std::map<int32_t, Answer> answers_;
  std::map<int32_t, std::string> bodies_;  // to be sent
  std::map<int32_t, bool> endless_;
};

}  // namespace tarsier::net::test
