// SpareBlocks: memory of large batches that are done with, for the next ones. The host has malloc map large blocks and give them
// back at once, so that it is small at rest; a stream of large batches would pay for it with a page fault for every 4 KiB.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>

namespace tarsier::bus {

/// Thread-safe. What it keeps stays with it; it has no destructor, so that it may be a static object that batches outlive.
class SpareBlocks {
 public:
  static constexpr uint64_t kSmallest = 128 * 1024;        // smaller blocks are malloc's own business
  static constexpr uint64_t kMostBytes = 8 * 1024 * 1024;  // of all that is kept

  struct Block {
    void* memory = nullptr;
    uint64_t bytes = 0;
  };

  constexpr SpareBlocks() = default;
  /// A kept block of at least `bytes`, and less than twice as much; empty when there is none.
  Block take(uint64_t bytes) noexcept;
  /// False: the caller frees it.
  bool keep(Block block) noexcept;

 private:
  static constexpr size_t kMost = 16;
  std::mutex mutex_;  // guards what follows
  Block blocks_[kMost] = {};
  uint64_t kept_bytes_ = 0;
};

}  // namespace tarsier::bus
