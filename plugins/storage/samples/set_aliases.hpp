// SetAliases: which series the bytes of a flat label set stand for. The bytes themselves are not kept: they are known by 96 bits of
// a hash with a secret of this process, so that a sender who may choose the bytes cannot make two of them meet. The same series may
// have several: senders are free in the order of labels.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace tarsier::samples {

struct SetHash {
  uint64_t low = 0;
  uint32_t high = 0;
};
SetHash hash_set(std::span<const uint8_t> bytes) noexcept;

class SetAliases {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;

  void prefetch(const SetHash& hash) const noexcept {
    if (!slots_.empty()) __builtin_prefetch(&slots_[hash.low & (slots_.size() - 1)]);
  }
  /// kNone when it is not there.
  uint32_t find(const SetHash& hash) const noexcept;
  /// `most`: when there are more than that they are all forgotten first; they come back as they are used.
  void add(const SetHash& hash, uint32_t series, size_t most);
  size_t memory_bytes() const noexcept { return slots_.capacity() * sizeof(Slot); }

 private:
  struct Slot {
    uint64_t low = 0;
    uint32_t high = 0;
    uint32_t series = kNone;
  };
  void place(const Slot& slot) noexcept;
  void grow();

  std::vector<Slot> slots_;  // open addressing, a power of two
  size_t size_ = 0;
};

}  // namespace tarsier::samples
