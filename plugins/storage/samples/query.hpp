// Query: the series that one question is about, over the head and all partitions in its range, each series once. Made by one
// thread; then the samples are read by several.
#pragma once

#include <functional>

#include "deletion.hpp"
#include "head.hpp"
#include "partition_index.hpp"
#include "partition_samples.hpp"
#include "sealed_set.hpp"

namespace tarsier::samples {

/// Calls the function for 0 .. count - 1, perhaps in parallel; returns when all calls have.
using ParallelFor = std::function<void(uint64_t count, const std::function<void(uint64_t)>& run)>;

/// Told of an environment that is damaged; the query goes on without it.
using DamageSink = std::function<void(const std::shared_ptr<SealedFile>& file, const Error& why)>;

class Query {
 private:
  /// Where a series lies: the number in partition `source`, or the item of the head's selection, which has the labels.
  struct Place {
    uint64_t hash = 0;
    uint32_t source = 0;
    uint32_t number = 0;
    uint32_t first_label = 0;
    uint32_t label_count = 0;
  };

 public:
  /// One series; it lies in up to one place per source.
  struct Entry {
    uint64_t id = 0;
    uint32_t first_place = 0;
    uint32_t place_count = 0;
  };

  /// `deletions`: taken before this is called, so that a file is never seen without those that concern it. `cancelled` is asked now
  /// and then and may be empty.
  static Result<std::unique_ptr<Query>> find(const Head& head, DeletionList deletions, const std::function<Sealed()>& sealed,
                                             DamageSink on_damage, std::span<const Matcher> matchers, QueryRange range,
                                             uint64_t max_series, const std::function<bool()>& cancelled);

  std::span<const Entry> series() const noexcept { return series_; }
  /// Appends the labels; the text lives as long as the query.
  void labels(const Entry& entry, std::vector<Label>& out) const { labels(places_[entry.first_place], out); }

  /// How many entries had better be read together, their head parts first; 0: there is nothing to gain. Partitions and segments
  /// have their series in different orders, so that one of them would have a block opened for each series.
  size_t series_per_pass() const noexcept;
  /// Numbers of those entries that have a head part, as their samples lie in segments.
  std::vector<uint32_t> head_order(std::span<const Entry> entries) const;
  /// How many samples a series has in the segments, about.
  uint64_t samples_in_segments() const noexcept;
  /// How many entries a reader had better read at once. Of series in segments, several: each segment is then gone through once for
  /// all of them, while it is in the processor's caches. Otherwise one, since samples of several take memory.
  size_t series_at_once() const noexcept;

  /// What was read of an entry.
  struct Samples {
    Columns columns;
    int64_t tier_ns = 0;  // the interval of the widest summary among them; 0: there is none
  };

  /// Reads samples of entries one after the other; for one thread.
  class Reader {
   public:
    explicit Reader(const Query& query) : query_(query) {}
    /// Puts the samples in the range into `out`, one for each entry: ascending, each time once, of equal times the one that was
    /// stored first.
    Result<void> read(std::span<const Entry> entries, std::span<Samples> out);
    /// Rows of other columns.
    struct Part {
      const Columns* columns = nullptr;
      size_t first = 0;
      size_t past = 0;
    };
    /// The same of one entry, of which the head part was read before.
    Result<void> read(const Entry& entry, const Part& head_part, Samples& out) { return read_one(entry, &head_part, out); }
    /// Appends what the head has of an entry, in segments and in memory; where that is. Quick when the entries come as head_order()
    /// has them.
    Result<Part> read_head_part(const Entry& entry, Columns& out);

   private:
    /// `again`: an environment turned out to be damaged, and `out` may hold half of a series.
    enum class Outcome : uint8_t { done, again };
    Result<void> read_one(const Entry& entry, const Part* head_part, Samples& out);
    Result<Outcome> read_segments(std::span<const Entry> entries, std::span<Samples> out);
    Result<Outcome> read_places(const Entry& entry, const Part* head_part, Columns& out);
    void find_deletions(const Entry& entry);
    Result<Outcome> read_partition(const Place& place, Columns& out);
    Result<Outcome> read_head(const HeadSelection::Item& item, Columns& out);
    Result<void> read_memory(const HeadSelection::Item& item, Columns& out) const;
    Result<void> open_segments();
    /// CORRUPT: the file is set aside, and it is to be read again without it.
    Result<Outcome> outcome(Result<void> read, const std::shared_ptr<SealedFile>& file) const;
    const Query& query_;
    std::map<uint32_t, PartitionSamples> partitions_;
    std::vector<SegmentReader> segments_;  // opened with the first series of the head, those that can be
    bool segments_opened_ = false;
    SeriesDeletions deletions_;  // of the entry in hand
    std::vector<Label> labels_;
    int64_t tier_ns_ = 0;
  };

 private:
  Query(QueryRange range, DeletionList deletions, DamageSink on_damage)
      : range_(range), deletions_(std::move(deletions)), on_damage_(std::move(on_damage)) {}
  Result<void> find_in_partition(std::shared_ptr<Partition> partition, std::span<const Matcher> matchers);
  static Partitions in_range(const Partitions& all, QueryRange range);
  void leave_out_empty_head();
  void add_head();
  void merge();
  template <class Same>
  void group(Same&& same);
  bool hashes_tell_series() const noexcept;
  void labels(const Place& place, std::vector<Label>& out) const;
  bool same_labels(const Place& a, const Place& b) const noexcept;
  bool is_needless(const Place& place, const HeadSelection::Item& newest) const noexcept;
  bool in_head(const Place& place) const noexcept { return place.source == indexes_.size(); }
  const Place& last_place(const Entry& entry) const noexcept { return places_[entry.first_place + entry.place_count - 1]; }
  const HeadSelection::Item& item(const Entry& entry) const noexcept { return head_.items[last_place(entry).number]; }

  QueryRange range_;
  DeletionList deletions_;  // of the range
  DamageSink on_damage_;
  HeadSelection head_;
  HeadSegments segments_;  // those in the range
  std::vector<std::unique_ptr<PartitionIndex>> indexes_;
  std::vector<Label> labels_;  // of those in partitions
  std::vector<Place> places_;
  std::vector<Entry> series_;
};

}  // namespace tarsier::samples
