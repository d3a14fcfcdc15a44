// PlainRoom: how many series and samples a request is likely to have, from what the one before had for its bytes.
#pragma once

#include <atomic>

#include "tarsier/flat_samples.hpp"

namespace tarsier::remote_write {

/// Thread-safe; a guess may be mixed of two requests'.
class PlainRoom {
 public:
  /// A quarter more than the last request's share, since senders' requests are much alike.
  batch::FlatRoom guess(uint64_t bytes) const noexcept {
    const auto share = [bytes](const std::atomic<float>& per_byte) {
      return static_cast<uint32_t>(static_cast<double>(bytes) * per_byte.load(std::memory_order_relaxed) * 1.25) + 16;
    };
    return {bytes, share(series_per_byte_), share(samples_per_byte_)};
  }
  void learn(const batch::FlatRoom& had) noexcept {
    if (had.bytes == 0) return;
    series_per_byte_.store(static_cast<float>(had.series) / static_cast<float>(had.bytes), std::memory_order_relaxed);
    samples_per_byte_.store(static_cast<float>(had.samples) / static_cast<float>(had.bytes), std::memory_order_relaxed);
  }

 private:
  std::atomic<float> series_per_byte_{1.0F / 128};
  std::atomic<float> samples_per_byte_{1.0F / 128};
};

}  // namespace tarsier::remote_write
