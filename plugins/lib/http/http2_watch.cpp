#include "plugins/lib/http/http2_watch.hpp"

#include <algorithm>

namespace tarsier::net {
namespace {

constexpr int64_t kBurst = 1000;        // at the begin, and what time gives at most
constexpr int64_t kMostEarned = 20000;  // what work gives at most
constexpr std::chrono::milliseconds kStep{10};

constexpr uint8_t kData = 0;
constexpr uint8_t kReset = 3;
constexpr uint8_t kEndStream = 0x1;
constexpr uint8_t kEndHeaders = 0x4;
constexpr uint8_t kPadded = 0x8;

constexpr uint64_t kMostPadding = 256;  // with the byte that says how much

/// A request that is reset has cost more than its frames.
constexpr int64_t kResetCost = 5;

constexpr const char* kFlood = "too many frames that lead nowhere";

}  // namespace

void Http2Watch::earn(int64_t gain) noexcept { left_ = std::min(left_ + gain, std::max(left_, kMostEarned)); }

void Http2Watch::pass(Moment now) noexcept {
  const auto steps = (now - counted_) / kStep;
  if (steps <= 0) return;
  counted_ += steps * kStep;
  if (left_ < kBurst) left_ = std::min<int64_t>(left_ + steps, kBurst);
}

const char* Http2Watch::see(std::string_view bytes, Moment now) noexcept {
  pass(now);
  const size_t preface = std::min(preface_left_, bytes.size());
  preface_left_ -= preface;
  bytes.remove_prefix(preface);
  while (!bytes.empty() || (in_payload_ && payload_left_ == 0)) {
    if (in_payload_) {
      const size_t size = std::min(payload_left_, bytes.size());
      payload_left_ -= size;
      bytes.remove_prefix(size);
      in_payload_ = payload_left_ > 0;
      if (!in_payload_) begun_ = true;
      continue;
    }
    const size_t size = std::min(head_.size() - head_size_, bytes.size());
    std::copy_n(bytes.begin(), size, head_.begin() + static_cast<std::ptrdiff_t>(head_size_));
    head_size_ += size;
    bytes.remove_prefix(size);
    if (head_size_ < head_.size()) break;
    if (const char* wrong = begin_frame()) return wrong;
  }
  return nullptr;
}

const char* Http2Watch::begin_frame() noexcept {
  head_size_ = 0;
  payload_left_ = (size_t{head_[0]} << 16U) | (size_t{head_[1]} << 8U) | head_[2];
  in_payload_ = true;
  type_ = head_[3];
  const uint8_t flags = head_[4];
  if (is_header(type_)) {
    if (type_ == kHeaders) block_bytes_ = 0;
    block_bytes_ += payload_left_;
    in_block_ = (flags & kEndHeaders) == 0;
    if (block_bytes_ > max_block_bytes_) return "a header without end";
  }
  // A body may come in small pieces, but not in none.
  const uint64_t padding = (flags & kPadded) != 0 ? kMostPadding : 0;
  const bool with_body = type_ == kData && (payload_left_ > padding || (padding == 0 && (flags & kEndStream) != 0));
  return spend(with_body ? 0 : type_ == kReset ? kResetCost : 1) ? nullptr : kFlood;
}

}  // namespace tarsier::net
