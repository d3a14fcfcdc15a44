// FrozenChunks: what a flush took out of the series and has not put on the disk yet, in the order of the series' keys. Never
// changes.
#pragma once

#include <algorithm>
#include <memory>
#include <vector>

#include "chunk_encoder.hpp"
#include "series_key.hpp"

namespace tarsier::samples {

class FrozenChunks {
 public:
  struct Item {
    SeriesKey key;
    uint32_t first = 0;
    uint32_t count = 0;
  };
  void add(SeriesKey key, uint32_t first, uint32_t count) { items_.push_back({key, first, count}); }
  /// Once all are added.
  void sort() {
    std::sort(items_.begin(), items_.end(), [](const Item& a, const Item& b) { return a.key < b.key; });
  }
  std::vector<ChunkView>& views() noexcept { return views_; }
  void reserve(size_t series) { items_.reserve(series), views_.reserve(series); }

  bool empty() const noexcept { return items_.empty(); }
  std::span<const Item> items() const noexcept { return items_; }
  std::span<const ChunkView> chunks(const Item& item) const noexcept { return std::span(views_).subspan(item.first, item.count); }
  std::span<const ChunkView> find(SeriesKey key) const noexcept {
    const auto at =
        std::lower_bound(items_.begin(), items_.end(), key, [](const Item& item, SeriesKey wanted) { return item.key < wanted; });
    return at == items_.end() || at->key != key ? std::span<const ChunkView>{} : chunks(*at);
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
