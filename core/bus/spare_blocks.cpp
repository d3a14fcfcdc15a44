// A handful of slots, searched from the first.
#include "core/bus/spare_blocks.hpp"

#include <utility>

namespace tarsier::bus {

SpareBlocks::Block SpareBlocks::take(uint64_t bytes) noexcept {
  if (bytes < kSmallest || bytes > kMostBytes) return {};
  const std::lock_guard lock(mutex_);
  for (Block& block : blocks_) {
    if (block.bytes < bytes || block.bytes >= 2 * bytes) continue;
    kept_bytes_ -= block.bytes;
    return std::exchange(block, {});
  }
  return {};
}

bool SpareBlocks::keep(Block block) noexcept {
  if (block.bytes < kSmallest) return false;
  const std::lock_guard lock(mutex_);
  if (kept_bytes_ + block.bytes > kMostBytes) return false;
  for (Block& slot : blocks_) {
    if (slot.memory != nullptr) continue;
    slot = block;
    kept_bytes_ += block.bytes;
    return true;
  }
  return false;
}

}  // namespace tarsier::bus
