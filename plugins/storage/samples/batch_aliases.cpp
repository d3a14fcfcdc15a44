#include "batch_aliases.hpp"

#include <utility>

namespace tarsier::samples {

BatchKey batch_key(const batch::View& batch) noexcept {
  // The four columns of symbols and sets stand one after the other, first in each batch.
  const auto first = batch.column<uint8_t>(TARSIER_COL_SYMBOL_OFFSETS);
  const auto last = batch.column<uint8_t>(TARSIER_COL_PAIRS);
  return {hash_set({first.data(), last.data() + last.size()}),
          {batch.count(TARSIER_COUNT_SYMBOLS), batch.count(TARSIER_COUNT_SYMBOL_BYTES), batch.count(TARSIER_COUNT_SETS),
           batch.count(TARSIER_COUNT_PAIRS)}};
}

std::span<const uint32_t> BatchAliases::find(const BatchKey& key) const noexcept {
  const auto found = lists_.find(key);
  return found == lists_.end() ? std::span<const uint32_t>() : std::span<const uint32_t>(found->second);
}

void BatchAliases::add(const BatchKey& key, std::span<const uint32_t> series, size_t most) {
  if (once_.empty()) once_.resize(kRemembered);
  if (std::exchange(once_[key.hash.low % kRemembered], key.hash.high) != key.hash.high) return;
  if (series_ + series.size() > most) {
    lists_.clear();
    series_ = 0;
  }
  if (series.size() <= most && lists_.try_emplace(key, series.begin(), series.end()).second) series_ += series.size();
}

size_t BatchAliases::memory_bytes() const noexcept {
  constexpr size_t kNode = sizeof(BatchKey) + sizeof(std::vector<uint32_t>) + 3 * sizeof(void*);
  return series_ * sizeof(uint32_t) + lists_.size() * kNode + once_.capacity() * sizeof(uint32_t);
}

}  // namespace tarsier::samples
