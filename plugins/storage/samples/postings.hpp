// PostingsMap: which series carry a label, by the label's symbols.
#pragma once

#include <cstdint>
#include <vector>

#include "id_set.hpp"

namespace tarsier::samples {

/// Open addressing by label pair (name symbol, value symbol).
class PostingsMap {
 public:
  /// Ids come in ascending order. True when the pair is new.
  bool append(uint32_t name, uint32_t value, uint32_t id);
  /// Null when there is no such pair; valid until the next append().
  const IdSet* find(uint32_t name, uint32_t value) const noexcept;
  void prefetch(uint32_t name, uint32_t value) const noexcept {
    if (!slots_.empty()) __builtin_prefetch(&slots_[first_place(uint64_t{name} << 32 | value)], 1);
  }
  /// Calls use(name, value, ids) for every pair, in no order.
  template <class Use>
  void each(Use&& use) const {
    for (const Slot& slot : slots_) {
      if (slot.pair != UINT64_MAX) use(static_cast<uint32_t>(slot.pair >> 32), static_cast<uint32_t>(slot.pair), slot.ids);
    }
  }
  size_t size() const noexcept { return size_; }
  size_t memory_bytes() const noexcept { return slots_.capacity() * sizeof(Slot) + set_bytes_; }

 private:
  struct Slot {
    uint64_t pair = UINT64_MAX;
    IdSet ids;
  };
  /// Where a pair is looked for first.
  size_t first_place(uint64_t pair) const noexcept {
    return static_cast<size_t>((pair * 0x9e3779b97f4a7c15ULL) >> 20) & (slots_.size() - 1);
  }
  size_t place(uint64_t pair) const noexcept;
  void grow();
  std::vector<Slot> slots_;
  size_t size_ = 0;
  size_t set_bytes_ = 0;  // of sets on the heap
};

}  // namespace tarsier::samples
