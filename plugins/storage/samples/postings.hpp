// Postings: which series carry a label. Ids ascend in every list. Here are the lists themselves, their set operations and the
// compact form that partitions keep.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "bytes.hpp"

namespace tarsier::samples {

using SeriesIds = std::vector<uint32_t>;

/// A list of the head: up to two ids without an allocation, since most values of most labels belong to one series.
class PostingsList {
 public:
  PostingsList() noexcept = default;
  PostingsList(PostingsList&& other) noexcept;
  PostingsList& operator=(PostingsList&& other) noexcept;
  ~PostingsList();

  /// Ids come in ascending order.
  void append(uint32_t id);
  std::span<const uint32_t> ids() const noexcept { return {capacity_ == 0 ? inline_ : heap_, size_}; }

 private:
  static constexpr uint32_t kInline = 2;
  uint32_t size_ = 0;
  uint32_t capacity_ = 0;  // 0: inline
  union {
    uint32_t inline_[kInline] = {0, 0};
    uint32_t* heap_;
  };
};

/// Postings by label pair (name symbol, value symbol), open addressing.
class PostingsMap {
 public:
  /// True when the pair is new.
  bool append(uint32_t name, uint32_t value, uint32_t id);
  std::span<const uint32_t> find(uint32_t name, uint32_t value) const noexcept;
  /// Calls use(name, value, ids) for every pair, in no order.
  template <class Use>
  void each(Use&& use) const {
    for (const Slot& slot : slots_) {
      if (slot.pair != UINT64_MAX) use(static_cast<uint32_t>(slot.pair >> 32), static_cast<uint32_t>(slot.pair), slot.list.ids());
    }
  }
  size_t size() const noexcept { return size_; }
  size_t memory_bytes() const noexcept { return slots_.capacity() * sizeof(Slot); }

 private:
  struct Slot {
    uint64_t pair = UINT64_MAX;
    PostingsList list;
  };
  size_t place(uint64_t pair) const noexcept;
  void grow();
  std::vector<Slot> slots_;
  size_t size_ = 0;
};

SeriesIds intersect(std::span<const uint32_t> a, std::span<const uint32_t> b);
SeriesIds subtract(std::span<const uint32_t> from, std::span<const uint32_t> what);
/// Lists that were put one behind the other become one ascending list without repeats.
void unite(SeriesIds& ids);

/// Runs of consecutive ids: gap and length, varints.
void encode_postings(std::span<const uint32_t> ids, ByteWriter& out);
/// Appends `count` ids below `bound`; on malformed bytes the reader fails.
void decode_postings(ByteReader& in, uint64_t count, uint32_t bound, SeriesIds& out);

}  // namespace tarsier::samples
