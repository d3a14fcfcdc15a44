// Symbols: every label name and value of the head once, as a number. Text lies in blocks that never move.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "segmented_vector.hpp"

namespace tarsier::samples {

inline constexpr uint32_t kNoSymbol = UINT32_MAX;

/// The hash of one name or value; the same everywhere, so that label sets of the head and of partitions can be matched by it.
uint64_t hash_text(std::string_view text) noexcept;

class Symbols {
 public:
  uint32_t size() const noexcept { return texts_.size(); }
  std::string_view text(uint32_t symbol) const noexcept { return {texts_[symbol].data, texts_[symbol].size}; }
  uint64_t hash(uint32_t symbol) const noexcept { return hash_text(text(symbol)); }
  /// kNoSymbol when it is not there.
  uint32_t find(std::string_view text, uint64_t hash) const noexcept;
  uint32_t find(std::string_view text) const noexcept { return find(text, hash_text(text)); }
  uint32_t intern(std::string_view text, uint64_t hash);
  uint32_t intern(std::string_view text) { return intern(text, hash_text(text)); }
  size_t memory_bytes() const noexcept;

 private:
  struct Text {
    const char* data = nullptr;
    uint32_t size = 0;
  };
  struct Slot {
    uint32_t tag = 0;  // upper half of the hash, which also tells where to look first
    uint32_t symbol = kNoSymbol;
  };
  const char* store(std::string_view text);
  void place(Slot slot) noexcept;
  void grow();

  SegmentedVector<Text> texts_;
  std::vector<Slot> slots_;  // open addressing, a power of two
  std::vector<std::unique_ptr<char[]>> blocks_;
  size_t block_left_ = 0;
  size_t block_bytes_ = 0;
  char* block_next_ = nullptr;
};

}  // namespace tarsier::samples
