// Backoff: how long to wait before an instance that failed is started again: 1 s, 2 s, 4 s ... 60 s, each with up to a fifth more,
// so that instances which failed together do not come back together.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string_view>

namespace tarsier::host {

class Backoff {
 public:
  static constexpr std::chrono::nanoseconds kFirst = std::chrono::seconds(1);
  static constexpr std::chrono::nanoseconds kLast = std::chrono::seconds(60);
  /// An instance that ran this long begins from the first delay again.
  static constexpr std::chrono::nanoseconds kForgiven = std::chrono::seconds(120);

  explicit Backoff(std::string_view instance) : seed_(std::hash<std::string_view>{}(instance) | 1) {}

  /// The next delay.
  std::chrono::nanoseconds next() noexcept {
    const auto delay = std::min(kFirst * (int64_t{1} << std::min(failures_, 6U)), kLast);
    ++failures_;
    seed_ = seed_ * 6364136223846793005U + 1442695040888963407U;
    return delay + std::chrono::nanoseconds(delay.count() / 5 * static_cast<int64_t>((seed_ >> 33) % 1000) / 1000);
  }
  void ran_for(std::chrono::nanoseconds time) noexcept {
    if (time >= kForgiven) failures_ = 0;
  }

 private:
  uint64_t seed_;
  unsigned failures_ = 0;
};

}  // namespace tarsier::host
