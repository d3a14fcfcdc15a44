// Pause: when something that failed is tried again: after 5 seconds, then after twice as long each time, up to 5 minutes.
#pragma once

#include <algorithm>
#include <atomic>

#include "options.hpp"

namespace tarsier::samples {

/// One thread at a time changes it.
class Pause {
 public:
  /// A clock that was set back does not prolong it. [any]
  bool holds(int64_t now_ns) const noexcept {
    const int64_t until = until_.load(std::memory_order_relaxed);
    return now_ns < until && until - now_ns <= kMost;
  }
  void note_failure(int64_t now_ns) noexcept {
    length_ns_ = std::clamp(2 * length_ns_, kLeast, kMost);
    until_ = now_ns + length_ns_;
  }
  void end() noexcept {
    length_ns_ = 0;
    until_ = INT64_MIN;
  }

 private:
  static constexpr int64_t kLeast = 5 * kSecondNs, kMost = 5 * kMinuteNs;
  std::atomic<int64_t> until_{INT64_MIN};
  int64_t length_ns_ = 0;
};

}  // namespace tarsier::samples
