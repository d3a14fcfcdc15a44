#include "set_aliases.hpp"

#include <array>
#include <cstring>
#include <random>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace tarsier::samples {
namespace {

using Secret = std::array<uint8_t, 192>;

Secret make_secret() {
  Secret secret{};
  std::random_device random;
  for (size_t at = 0; at < secret.size(); at += sizeof(uint32_t)) {
    const uint32_t word = random();
    std::memcpy(secret.data() + at, &word, sizeof(word));
  }
  return secret;
}

}  // namespace

SetHash hash_set(std::span<const uint8_t> bytes) noexcept {
  static const Secret secret = make_secret();
  const XXH128_hash_t hash = XXH3_128bits_withSecret(bytes.data(), bytes.size(), secret.data(), secret.size());
  return {hash.low64, static_cast<uint32_t>(hash.high64)};
}

uint32_t SetAliases::find(const SetHash& hash) const noexcept {
  if (slots_.empty()) return kNone;
  const size_t mask = slots_.size() - 1;
  for (size_t at = hash.low & mask; slots_[at].series != kNone; at = (at + 1) & mask) {
    if (slots_[at].low == hash.low && slots_[at].high == hash.high) return slots_[at].series;
  }
  return kNone;
}

void SetAliases::place(const Slot& slot) noexcept {
  const size_t mask = slots_.size() - 1;
  size_t at = slot.low & mask;
  while (slots_[at].series != kNone) at = (at + 1) & mask;
  slots_[at] = slot;
}

void SetAliases::grow() {
  std::vector<Slot> old(slots_.empty() ? 256 : slots_.size() * 2);
  old.swap(slots_);
  for (const Slot& slot : old) {
    if (slot.series != kNone) place(slot);
  }
}

void SetAliases::add(const SetHash& hash, uint32_t series, size_t most) {
  if (size_ >= most) {
    slots_ = {};
    size_ = 0;
  }
  if ((size_ + 1) * 5 > slots_.size() * 4) grow();
  place({hash.low, hash.high, series});
  ++size_;
}

}  // namespace tarsier::samples
