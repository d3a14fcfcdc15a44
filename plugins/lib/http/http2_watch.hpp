// Http2Watch: looks at the heads of the frames that a peer sends, before anything is done with them. What leads nowhere
// (RST_STREAM, PING, SETTINGS, PRIORITY, WINDOW_UPDATE, empty frames) uses up a budget; time gives some back, work gives more.
// Headers have a bound before they are decompressed.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string_view>

namespace tarsier::net {

class Http2Watch {
 public:
  using Moment = std::chrono::steady_clock::time_point;
  static constexpr size_t kPrefaceBytes = 24;  // what a client begins with
  /// `max_block_bytes`: of HEADERS and their CONTINUATIONs together, as they are sent. `preface_bytes` come before the first frame.
  Http2Watch(uint64_t max_block_bytes, Moment now, size_t preface_bytes = kPrefaceBytes)
      : max_block_bytes_(max_block_bytes), counted_(now), preface_left_(preface_bytes) {}

  /// What came next, from the begin on. What is wrong with it, or null.
  const char* see(std::string_view bytes, Moment now) noexcept;
  /// A first frame is there, and no header is half there.
  bool between_headers() const noexcept { return begun_ && !in_block_ && !(in_payload_ && is_header(type_)); }

  void earn(int64_t gain) noexcept;
  /// False when the budget is used up.
  bool spend(int64_t cost) noexcept {
    left_ -= cost;
    return left_ >= 0;
  }

 private:
  static constexpr uint8_t kHeaders = 1;
  static constexpr uint8_t kContinuation = 9;
  static bool is_header(uint8_t type) noexcept { return type == kHeaders || type == kContinuation; }

  void pass(Moment now) noexcept;
  const char* begin_frame() noexcept;

  const uint64_t max_block_bytes_;
  Moment counted_;
  int64_t left_ = 1000;

  size_t preface_left_;
  std::array<uint8_t, 9> head_{};
  size_t head_size_ = 0;
  size_t payload_left_ = 0;
  uint8_t type_ = 0;
  bool begun_ = false;
  bool in_payload_ = false;
  bool in_block_ = false;  // END_HEADERS is still to come
  uint64_t block_bytes_ = 0;
};

}  // namespace tarsier::net
