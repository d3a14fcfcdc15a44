#include "postings.hpp"

#include <algorithm>
#include <iterator>

namespace tarsier::samples {

PostingsList::PostingsList(PostingsList&& other) noexcept { *this = std::move(other); }

PostingsList& PostingsList::operator=(PostingsList&& other) noexcept {
  if (this == &other) return *this;
  if (capacity_ != 0) delete[] heap_;
  size_ = other.size_;
  capacity_ = other.capacity_;
  if (capacity_ != 0) {
    heap_ = other.heap_;
  } else {
    std::copy_n(other.inline_, kInline, inline_);
  }
  other.size_ = 0;
  other.capacity_ = 0;
  return *this;
}

PostingsList::~PostingsList() {
  if (capacity_ != 0) delete[] heap_;
}

void PostingsList::append(uint32_t id) {
  const uint32_t room = capacity_ == 0 ? kInline : capacity_;
  if (size_ == room) {
    const uint32_t bigger = room < 8 ? 8 : room + room / 2;
    auto* grown = new uint32_t[bigger];
    std::copy_n(ids().data(), size_, grown);
    if (capacity_ != 0) delete[] heap_;
    heap_ = grown;
    capacity_ = bigger;
  }
  (capacity_ == 0 ? inline_ : heap_)[size_++] = id;
}

size_t PostingsMap::place(uint64_t pair) const noexcept {
  const size_t mask = slots_.size() - 1;
  size_t at = static_cast<size_t>((pair * 0x9e3779b97f4a7c15ULL) >> 20) & mask;
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
  slot.list.append(id);
  if (fresh) ++size_;
  return fresh;
}

std::span<const uint32_t> PostingsMap::find(uint32_t name, uint32_t value) const noexcept {
  if (slots_.empty()) return {};
  const Slot& slot = slots_[place(uint64_t{name} << 32 | value)];
  return slot.list.ids();
}

SeriesIds intersect(std::span<const uint32_t> a, std::span<const uint32_t> b) {
  if (a.size() > b.size()) std::swap(a, b);
  SeriesIds both;
  both.reserve(a.size());
  if (a.size() * 16 < b.size()) {  // few against many: look each up
    auto from = b.begin();
    for (const uint32_t id : a) {
      from = std::lower_bound(from, b.end(), id);
      if (from == b.end()) break;
      if (*from == id) both.push_back(id);
    }
    return both;
  }
  std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(both));
  return both;
}

SeriesIds subtract(std::span<const uint32_t> from, std::span<const uint32_t> what) {
  SeriesIds rest;
  rest.reserve(from.size());
  std::set_difference(from.begin(), from.end(), what.begin(), what.end(), std::back_inserter(rest));
  return rest;
}

void unite(SeriesIds& ids) {
  if (std::adjacent_find(ids.begin(), ids.end(), std::greater_equal<>{}) == ids.end()) return;
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
}

void encode_postings(std::span<const uint32_t> ids, ByteWriter& out) {
  uint32_t next = 0;
  for (size_t i = 0; i < ids.size();) {
    size_t end = i + 1;
    while (end < ids.size() && ids[end] == ids[end - 1] + 1) ++end;
    const uint64_t gap = ids[i] - next;
    const uint64_t length = end - i;
    out.varint(gap << 1 | (length > 1 ? 1U : 0U));
    if (length > 1) out.varint(length);
    next = ids[end - 1] + 1;
    i = end;
  }
}

void decode_postings(ByteReader& in, uint64_t count, uint32_t bound, SeriesIds& out) {
  uint64_t next = 0;
  while (count != 0) {
    const uint64_t head = in.varint();
    const uint64_t length = (head & 1) != 0 ? in.varint() : 1;
    const uint64_t gap = head >> 1;
    if (!in.ok() || length == 0 || length > count || gap > bound || next + gap + length > bound) return in.fail();
    next += gap;
    for (uint64_t i = 0; i < length; ++i) out.push_back(static_cast<uint32_t>(next + i));
    next += length;
    count -= length;
  }
}

}  // namespace tarsier::samples
