// FrozenChunks: what a flush took out of the series and has not put on the disk yet, by number of the series. Never changes.
#pragma once

#include <algorithm>
#include <memory>
#include <vector>

#include "chunk_encoder.hpp"

namespace tarsier::samples {

class FrozenChunks {
 public:
  struct Item {
    uint64_t ref = 0;
    uint32_t first = 0;
    uint32_t count = 0;
  };
  /// Series in ascending order of their number.
  void add(uint64_t ref, uint32_t first, uint32_t count) { items_.push_back({ref, first, count}); }
  std::vector<ChunkView>& views() noexcept { return views_; }
  void reserve(size_t series) { items_.reserve(series), views_.reserve(series); }

  bool empty() const noexcept { return items_.empty(); }
  std::span<const Item> items() const noexcept { return items_; }
  std::span<const ChunkView> chunks(const Item& item) const noexcept { return std::span(views_).subspan(item.first, item.count); }
  std::span<const ChunkView> find(uint64_t ref) const noexcept {
    const auto at = std::lower_bound(items_.begin(), items_.end(), ref, [](const Item& item, uint64_t wanted) { return item.ref < wanted; });
    return at == items_.end() || at->ref != ref ? std::span<const ChunkView>{} : chunks(*at);
  }
  uint64_t sample_count() const noexcept {
    uint64_t count = 0;
    for (const ChunkView& view : views_) count += view.count;
    return count;
  }

 private:
  std::vector<Item> items_;
  std::vector<ChunkView> views_;
};

}  // namespace tarsier::samples
