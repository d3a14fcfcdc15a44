#include "symbols.hpp"

#include <algorithm>
#include <cstring>
#include <xxhash.h>

namespace tarsier::samples {
namespace {
constexpr size_t kSmallBlock = 4096;
constexpr size_t kLargeBlock = 65536;
}  // namespace

uint64_t hash_text(std::string_view text) noexcept { return XXH3_64bits(text.data(), text.size()); }

uint32_t Symbols::find(std::string_view text, uint64_t hash) const noexcept {
  if (slots_.empty()) return kNoSymbol;
  const size_t mask = slots_.size() - 1;
  const auto tag = static_cast<uint32_t>(hash >> 32);
  for (size_t at = tag & mask; slots_[at].symbol != kNoSymbol; at = (at + 1) & mask) {
    if (slots_[at].tag == tag && this->text(slots_[at].symbol) == text) return slots_[at].symbol;
  }
  return kNoSymbol;
}

uint32_t Symbols::intern(std::string_view text, uint64_t hash) {
  const uint32_t known = find(text, hash);
  if (known != kNoSymbol) return known;
  if (size_t{size() + 1} * 5 > slots_.size() * 4) grow();
  const uint32_t symbol = texts_.push_back({store(text), static_cast<uint32_t>(text.size())});
  place({static_cast<uint32_t>(hash >> 32), symbol});
  return symbol;
}

void Symbols::place(Slot slot) noexcept {
  const size_t mask = slots_.size() - 1;
  size_t at = slot.tag & mask;
  while (slots_[at].symbol != kNoSymbol) at = (at + 1) & mask;
  slots_[at] = slot;
}

void Symbols::grow() {
  std::vector<Slot> old(std::max<size_t>(256, slots_.size() * 2));
  old.swap(slots_);
  for (const Slot& slot : old) {
    if (slot.symbol != kNoSymbol) place(slot);
  }
}

const char* Symbols::store(std::string_view text) {
  if (text.size() > block_left_) {
    const size_t usual = block_bytes_ < kLargeBlock ? kSmallBlock : kLargeBlock;
    const size_t size = std::max(usual, text.size());
    blocks_.push_back(std::make_unique_for_overwrite<char[]>(size));
    block_next_ = blocks_.back().get();
    block_left_ = size;
    block_bytes_ += size;
  }
  char* place = block_next_;
  if (!text.empty()) std::memcpy(place, text.data(), text.size());
  block_next_ += text.size();
  block_left_ -= text.size();
  return place;
}

size_t Symbols::memory_bytes() const noexcept { return block_bytes_ + slots_.capacity() * sizeof(Slot) + texts_.bytes(); }

}  // namespace tarsier::samples
