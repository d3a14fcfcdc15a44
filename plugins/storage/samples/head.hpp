// Head: the series that are written to, and their samples that are in memory only. One writer; readers come at any time and go on
// without its lock once they hold views.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <shared_mutex>

#include "frozen_chunks.hpp"
#include "query_range.hpp"
#include "series_table.hpp"

namespace tarsier::samples {

/// Series and chunks as they were at one moment. Holds what it needs; text and chunks stay valid while it lives.
struct HeadSelection {
  struct Item {
    uint64_t hash = 0;
    SeriesKey key;
    uint32_t series = 0;
    uint32_t first_view = 0;
    uint32_t view_count = 0;
    int64_t newest_time = 0;
    std::optional<double> newest;  // where it is all that is asked for, and known; then there are no views
  };
  std::shared_ptr<const SeriesTable> table;
  std::shared_ptr<const FrozenChunks> frozen;  // older than the views; null when there are none
  std::vector<Item> items;
  std::vector<ChunkView> views;
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
  /// Samples in memory that no flush has taken.
  uint64_t sample_count() const noexcept { return samples_.load(std::memory_order_relaxed); }
  uint32_t series_count() const {
    const std::shared_lock lock(mutex_);
    return table_->size();
  }

  /// As it is now. Series in it that are known to be there stand still but for their chunks.
  std::shared_ptr<const SeriesTable> shared_table() const {
    const std::shared_lock lock(mutex_);
    return table_;
  }
  /// For the one writer. While it holds the lock it may use table() and insert().
  std::unique_lock<std::shared_mutex> lock_for_writing() { return std::unique_lock(mutex_); }
  SeriesTable& table() noexcept { return *table_; }
  uint64_t next_ref() noexcept { return next_ref_++; }
  /// There may be as many more of which nothing is known: what defined them is damaged. A table never has more.
  void skip_lost_refs() noexcept { next_ref_ += uint64_t{1} << 32U; }
  /// References up to this one are taken (replay).
  void reserve_refs(uint64_t ref) noexcept { next_ref_ = std::max(next_ref_, ref + 1); }
  Inserted insert(Series& series, const Sample& sample) {
    const Inserted inserted = series.chunks.insert(sample, window_);
    if (inserted == Inserted::duplicate || inserted == Inserted::conflict) return inserted;
    ++uncounted_;
    if (sample.time > uncounted_max_) uncounted_max_ = sample.time;
    return inserted;
  }
  /// Replay: gives samples to a series, which may have some.
  Result<void> adopt(Series& series, SeriesChunks chunks);
  /// What was inserted shows in sample_count() and max_time() from now on. Part of every batch.
  void count_inserted() noexcept;
  /// Samples up to that time are stored, here or elsewhere: the out-of-order window counts from it.
  void note_time(int64_t time) noexcept {
    if (time > max_time()) max_time_.store(time, std::memory_order_relaxed);
  }

  /// The newest sample of each series is known, also where it is in a segment. Until then none is taken for an old one.
  void note_newest_known() noexcept { newest_known_ = true; }
  bool newest_known() const noexcept { return newest_known_; }
  /// Samples up to that time may be gone from the store, so that no answer about them can be given from memory.
  void note_removed(int64_t time) noexcept {
    if (time > removed_until_.load(std::memory_order_relaxed)) removed_until_.store(time, std::memory_order_relaxed);
  }
  /// Series that match and may have samples in the range, with views of those in memory. In the order of their keys, unless nothing
  /// is to be read of the disk.
  Result<HeadSelection> select(std::span<const Matcher> matchers, const QueryRange& range) const;
  /// The series that match and have samples in the range: in memory, or perhaps in segments when these are `in_segments`. At most
  /// `most`, 0: all. `table` then has their labels.
  Result<IdSet> live(std::span<const Matcher> matchers, const QueryRange& range, bool in_segments, uint64_t most,
                     std::shared_ptr<const SeriesTable>& table) const;
  /// Calls `use`, under the shared lock, for what `list` names of these series; of all series where there are no matchers and these
  /// are `in_segments`. `table` has the texts from before the first call on.
  Result<void> list(std::span<const Matcher> matchers, const QueryRange& range, bool in_segments, const ListLabels& list,
                    const UseSymbol& use, std::shared_ptr<const SeriesTable>& table) const;
  /// Calls use(table) under the shared lock.
  template <class Use>
  auto read(Use&& use) const {
    const std::shared_lock lock(mutex_);
    return use(static_cast<const SeriesTable&>(*table_));
  }

  /// True when a sample in memory lies before `cutoff`.
  bool has_before(int64_t cutoff) const;
  /// Takes all chunks out of the series; they stay visible until drop_frozen(). Those of a former freeze must have been dropped.
  std::shared_ptr<const FrozenChunks> freeze();
  std::shared_ptr<const FrozenChunks> frozen() const;
  /// They are on the disk and seen there.
  void drop_frozen();
  /// A limit has refused a series: those that ended are to make room. For the writer that holds the lock.
  void want_room() noexcept { room_wanted_ = true; }
  /// Forgets series whose newest sample is before `cutoff`, when there are many or room is wanted. True when it did: numbers in the
  /// table are others now. No writer may be at work.
  bool forget_before(int64_t cutoff);
  HeadStat stat() const;

 private:
  bool has_ended(const Series& series, int64_t start) const noexcept;
  bool has_in_memory(const Series& series, const QueryRange& range) const noexcept;
  Result<IdSet> live_locked(std::span<const Matcher> matchers, const QueryRange& range, bool in_segments, uint64_t most) const;
  const int64_t window_;
  mutable std::shared_mutex mutex_;
  std::shared_ptr<SeriesTable> table_;
  std::shared_ptr<const FrozenChunks> frozen_;
  uint64_t next_ref_ = 1;
  uint64_t uncounted_ = 0;
  int64_t uncounted_max_ = INT64_MIN;
  bool room_wanted_ = false;
  std::atomic<int64_t> max_time_{INT64_MIN};
  std::atomic<uint64_t> samples_{0};
  std::atomic<bool> newest_known_{false};
  std::atomic<int64_t> removed_until_{INT64_MIN};  // changed under the store's maintain_mutex_
};

}  // namespace tarsier::samples
