// Numbers of things that lie elsewhere, found by the hash of what they are: eight bytes for each and some room, where a map of
// standard makes would take the things a second time.
#pragma once

#include <cstdint>
#include <vector>

namespace tarsier::scrape {

class HashIndex {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;

  /// The number for which is(number) is true, of those with that hash; kNone when there is none.
  template <class Is>
  uint32_t find(uint64_t hash, Is&& is) const {
    if (slots_.empty()) return kNone;
    const size_t mask = slots_.size() - 1;
    for (size_t at = tag(hash) & mask; slots_[at].number != kNone; at = (at + 1) & mask)
      if (slots_[at].tag == tag(hash) && is(slots_[at].number)) return slots_[at].number;
    return kNone;
  }
  /// Of a thing that find() has not found.
  void add(uint64_t hash, uint32_t number) {
    if ((size_ + 1) * 4 > slots_.size() * 3) grow();
    place({tag(hash), number});
    ++size_;
  }
  void clear() {
    slots_ = {};
    size_ = 0;
  }

 private:
  struct Slot {
    uint32_t tag = 0;
    uint32_t number = kNone;
  };
  static constexpr size_t kSmallest = 16;
  static uint32_t tag(uint64_t hash) noexcept { return static_cast<uint32_t>(hash >> 32); }
  void place(const Slot& slot) noexcept {
    const size_t mask = slots_.size() - 1;
    size_t at = slot.tag & mask;
    while (slots_[at].number != kNone) at = (at + 1) & mask;
    slots_[at] = slot;
  }
  void grow() {
    std::vector<Slot> old(slots_.empty() ? kSmallest : slots_.size() * 2);
    old.swap(slots_);
    for (const Slot& slot : old)
      if (slot.number != kNone) place(slot);
  }

  std::vector<Slot> slots_;  // open addressing, a power of two
  size_t size_ = 0;
};

}  // namespace tarsier::scrape
