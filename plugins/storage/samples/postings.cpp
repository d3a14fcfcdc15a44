#include "postings.hpp"

namespace tarsier::samples {

size_t PostingsMap::place(uint64_t pair) const noexcept {
  const size_t mask = slots_.size() - 1;
  size_t at = first_place(pair);
  while (slots_[at].pair != UINT64_MAX && slots_[at].pair != pair) at = (at + 1) & mask;
  return at;
}

void PostingsMap::grow() {
  std::vector<Slot> old(std::max<size_t>(256, slots_.size() * 2));
  old.swap(slots_);
  for (Slot& slot : old) {
    if (slot.pair != UINT64_MAX) slots_[place(slot.pair)] = std::move(slot);
  }
}

bool PostingsMap::append(uint32_t name, uint32_t value, uint32_t id) {
  if ((size_ + 1) * 5 > slots_.size() * 4) grow();
  const uint64_t pair = uint64_t{name} << 32 | value;
  Slot& slot = slots_[place(pair)];
  const bool fresh = slot.pair == UINT64_MAX;
  slot.pair = pair;
  set_bytes_ -= slot.ids.memory_bytes();
  slot.ids.append(id);
  set_bytes_ += slot.ids.memory_bytes();
  if (fresh) ++size_;
  return fresh;
}

const IdSet* PostingsMap::find(uint32_t name, uint32_t value) const noexcept {
  if (slots_.empty()) return nullptr;
  const Slot& slot = slots_[place(uint64_t{name} << 32 | value)];
  return slot.pair == UINT64_MAX ? nullptr : &slot.ids;
}

}  // namespace tarsier::samples
