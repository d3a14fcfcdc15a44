// Head: the newest samples, in memory: the series table with each series' chunks. One writer at a time; readers take a selection
// under a shared lock and decode it without any.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <shared_mutex>

#include "series_table.hpp"

namespace tarsier::samples {

/// Series and chunks as they were at one moment. Holds what it needs; text and chunks stay valid while it lives.
struct HeadSelection {
  struct Item {
    uint64_t hash = 0;
    uint32_t series = 0;
    uint32_t first_view = 0;
    uint32_t view_count = 0;
  };
  std::shared_ptr<const SeriesTable> table;
  std::vector<Item> items;
  std::vector<ChunkView> views;
};

/// What a pass of sealing takes from the head: per series the chunks to seal, then those that stay.
struct SealWork {
  struct Item {
    uint64_t ref = 0;
    uint32_t series = 0;
    std::vector<ChunkView> sealed;
    std::vector<ChunkView> rest;
  };
  std::shared_ptr<const SeriesTable> table;
  std::vector<Item> items;
};

struct HeadStat {
  uint64_t series = 0, label_pairs = 0, chunks = 0, samples = 0, memory_bytes = 0;
  int64_t min_time = 0, max_time = 0;
};

class Head {
 public:
  explicit Head(int64_t window_ns) : window_(window_ns), table_(std::make_shared<SeriesTable>()) {}

  int64_t window() const noexcept { return window_; }
  /// The highest time seen; the lowest possible one when there is none.
  int64_t max_time() const noexcept { return max_time_.load(std::memory_order_relaxed); }
  uint64_t sample_count() const noexcept { return samples_.load(std::memory_order_relaxed); }

  /// For the one writer. While it holds the lock it may use table() and insert().
  std::unique_lock<std::shared_mutex> lock_for_writing() { return std::unique_lock(mutex_); }
  SeriesTable& table() noexcept { return *table_; }
  uint64_t next_ref() noexcept { return next_ref_++; }
  /// References up to this one are taken (replay).
  void reserve_refs(uint64_t ref) noexcept { next_ref_ = std::max(next_ref_, ref + 1); }
  Inserted insert(Series& series, const Sample& sample);
  /// Samples up to that time are stored, here or elsewhere: the out-of-order window counts from it.
  void note_time(int64_t time) noexcept {
    if (time > max_time()) max_time_.store(time, std::memory_order_relaxed);
  }

  /// Series that match and have a chunk in [start, end], with views of those chunks unless `labels_only`.
  Result<HeadSelection> select(std::span<const Matcher> matchers, int64_t start, int64_t end, bool labels_only) const;
  /// Calls use(table) under the shared lock.
  template <class Use>
  auto read(Use&& use) const {
    const std::shared_lock lock(mutex_);
    return use(static_cast<const SeriesTable&>(*table_));
  }

  /// True when a sample lies before `cutoff`.
  bool has_before(int64_t cutoff) const;
  SealWork begin_seal(int64_t cutoff);
  void abandon_seal();
  /// Drops what the pass took, and forgets series that have no samples left.
  void finish_seal();
  HeadStat stat() const;

 private:
  void forget_empty();

  const int64_t window_;
  mutable std::shared_mutex mutex_;
  std::shared_ptr<SeriesTable> table_;
  uint64_t next_ref_ = 1;
  std::atomic<int64_t> max_time_{INT64_MIN};
  std::atomic<uint64_t> samples_{0};
};

}  // namespace tarsier::samples
