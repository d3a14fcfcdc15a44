// Store: the whole of the samples store behind the plugin: journal, head, partitions, and the work on them. Needs of the host only
// storage, log and what the constructor names, so that tests run it on a storage of their own.
#pragma once

#include "block_list.hpp"
#include "cardinality.hpp"
#include "deletions.hpp"
#include "flushing.hpp"
#include "ingest.hpp"
#include "merging.hpp"
#include "pause.hpp"
#include "query.hpp"
#include "sealed_set.hpp"
#include "sealing.hpp"
#include "segment_merging.hpp"
#include "summarising.hpp"

namespace tarsier::samples {

struct TierStat {
  uint64_t partitions = 0;
  uint64_t summaries = 0;
  uint64_t bytes = 0;
};

struct StoreStat {
  HeadStat head;
  uint64_t exemplars = 0;
  uint64_t exemplar_bytes = 0;  // in memory
  uint64_t segments = 0;
  uint64_t segment_samples = 0;
  uint64_t segment_bytes = 0;
  uint64_t partitions = 0;
  uint64_t set_aside = 0;         // segments and partitions that are damaged
  uint64_t unopened = 0;          // those that cannot be opened now
  uint64_t partition_series = 0;  // summed: a series counts once in each
  uint64_t partition_samples = 0;
  uint64_t partition_blocks = 0;
  uint64_t partition_bytes = 0;
  std::map<int64_t, TierStat> tiers;  // by interval; not counted among the partitions
  uint64_t tier_bytes = 0;            // of all tiers
  uint64_t journal_bytes = 0;         // rotated ones included
  uint64_t log_bytes = 0;             // of catalogs, logs of exemplars and deletions
  uint64_t lost_records = 0;          // of what is damaged
  int64_t min_time = 0;
  int64_t max_time = 0;
};

/// A copy of the store, with which another can be started.
struct StoreSnapshot {
  std::string name;
  std::string directory;
};

struct Newest;

class Store {
 public:
  Store(const Host& host, Options options, ParallelFor parallel_for);
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  /// Recovers what an unclean end left, opens what is on the disk and replays the journal.
  Result<void> open();

  /// Ingest::take, for several callers.
  void take(const batch::View& batch, int64_t now_ns, Ingest::Done done, bool unhurried = false);

  /// True when so much is in memory that maintain() had better be called now. Not soon after a flush that failed.
  bool flush_wanted() const;
  /// Flushes, seals and removes what is due. May take long; a second caller waits for the first.
  Result<void> maintain(int64_t now_ns);
  /// Moves everything that is in memory to the disk.
  Result<void> flush();
  /// Flushes, and seals the windows that end at `cutoff` or before.
  Result<void> seal(int64_t cutoff);
  /// Removes what is past its time or too much. Time counts from the newest sample where that is earlier than now, so that a clock
  /// that jumps ahead, or a pause, removes nothing.
  void apply_retention(int64_t now_ns);
  /// Merges partitions as far as is due, and sums up those that are to go. May take long; a second caller waits for the first.
  Result<void> merge(int64_t now_ns);
  /// Merges segments as far as is due: after a flush. Does nothing when a caller is at it. May take long.
  Result<void> merge_segments();
  /// Tries files again that could not be opened, when it is time: after pauses that grow. Returns how many it has not opened. May
  /// take long.
  size_t open_again(int64_t now_ns);
  /// merge(), merge_segments() and clean_deleted() return soon, and do nothing from now on. [any]
  void cancel_merge() noexcept { merging_.cancel(), segment_merging_.cancel(), summarising_.cancel(); }

  // What an administrator asks for (administration.cpp). All of it may take long.

  /// Of the series that match, deletes what is stored now in the range. It is durable when this returns OK.
  Result<void> delete_samples(std::vector<Condition> conditions, QueryRange range);
  /// Writes anew what holds deleted samples.
  Result<void> clean_deleted();
  /// Flushes, seals every window that has samples, also those that go on, and merges what is due.
  Result<void> compact(int64_t now_ns);
  /// `flags`: TARSIER_SNAPSHOT_*.
  Result<StoreSnapshot> snapshot(uint32_t flags, int64_t now_ns);

  Result<std::unique_ptr<Query>> find(std::span<const Matcher> matchers, QueryRange range, uint64_t max_series,
                                      const std::function<bool()>& cancelled) const;

  // What there is, without samples (label_listing.cpp). In memory is no more of it than `most`, which is 0 for all.

  using Cancelled = std::function<bool()>;  // asked now and then; may be empty
  /// The first ones, sorted, each once.
  Result<std::vector<std::string>> label_names(std::span<const Matcher> matchers, QueryRange range, uint64_t most = 0,
                                               const Cancelled& cancelled = {}) const;
  Result<std::vector<std::string>> label_values(std::string_view name, std::span<const Matcher> matchers, QueryRange range,
                                                uint64_t most = 0, const Cancelled& cancelled = {}) const;
  /// Calls use(id, labels) for `most` of the series that match, in no order, each once, until it returns false or an error. The
  /// labels are valid during the call.
  using UseSeries = std::function<Result<bool>(uint64_t id, Labels labels)>;
  Result<void> list_series(std::span<const Matcher> matchers, QueryRange range, uint64_t most, const Cancelled& cancelled,
                           const UseSeries& use) const;
  /// What else is damaged.
  const Damage& damage() const noexcept { return damage_; }
  /// What an answer about the range may have wrong with it, in words.
  std::vector<std::string> warnings(QueryRange range) const;
  /// The same of an answer about exemplars.
  std::vector<std::string> exemplar_warnings() const;
  /// The damaged environments whose samples an answer about the range lacks.
  std::vector<SetAside> set_aside(QueryRange range = {}) const { return sealed_.set_aside(range.start, range.end); }
  const MetadataTable& metadata() const noexcept { return metadata_; }
  const ExemplarBuffer& exemplars() const noexcept { return exemplars_; }
  /// Of the series in the head.
  std::vector<CardinalityItem> cardinality(uint64_t top) const { return samples::cardinality(head_, clock_, top); }
  Result<StoreStat> stat() const;
  /// What is on the disk in files that do not change any more, oldest first.
  std::vector<Block> blocks() const { return block_list(sealed_.all(), options_); }

  const Options& options() const noexcept { return options_; }
  const ParallelFor& parallel_for() const noexcept { return parallel_for_; }
  Counters& counters() noexcept { return counters_; }

 private:
  Result<std::vector<std::string>> partition_names() const;
  Result<uint64_t> last_flush_on_disk() const;
  Result<void> replay();
  Result<void> find_unknown_series();
  void note_unknown(HeadSegment& segment, uint64_t series_count);
  void release_damaged_catalogs();
  Result<uint64_t> other_bytes() const;
  int64_t retention_time(int64_t now_ns) const noexcept;
  void note_sealed();
  void restore_newest();
  Result<void> restore_newest(const std::shared_ptr<HeadSegment>& segment);
  void note_newest_known();
  Result<void> open_again(const std::string& name);
  uint64_t restore_newest(const std::vector<Newest>& newest, const HeadSegment& segment, const DeletionList& deletions);
  Result<void> forget_deleted_newest(const Deletion& deletion);
  void await_newest();
  void publish(HeadSegments made);
  Result<void> flush_locked();
  std::vector<HeadSegments> windows_due(int64_t cutoff, int64_t quiet_since) const;
  Result<void> seal_window(const HeadSegments& segments);
  Result<void> seal_windows(int64_t cutoff, int64_t quiet_since);
  int64_t alive_since() const noexcept;
  void forget_series();
  void note_removed(const Deletion& deletion) noexcept;
  Result<bool> concerns(const Deletion& deletion, const std::shared_ptr<Partition>& partition) const;
  bool concerns(const Deletion& deletion, const HeadSegment& segment) const;
  Result<bool> concerns_any(const Deletion& deletion, const Sealed& open, const std::vector<std::string>& names) const;
  Result<void> seal_deleted();
  Result<void> forget_spent(const DeletionList& candidates);
  Result<void> forget_spent_in_time();
  DamageSink damage_sink() const;
  Partitions partitions_in(QueryRange range) const;
  Result<void> each_index(const Partitions& partitions,
                          const std::function<Result<bool>(std::unique_ptr<PartitionIndex>)>& use) const;
  template <class Ask>
  auto ask_head(QueryRange range, const Ask& ask) const;
  Result<std::vector<std::string>> head_texts(std::span<const Matcher> matchers, QueryRange range, const ListLabels& list,
                                              uint64_t most, const Cancelled& cancelled) const;
  Result<std::vector<std::string>> list_labels(std::span<const Matcher> matchers, QueryRange range, const ListLabels& list,
                                               uint64_t most, const Cancelled& cancelled) const;

  const Host& host_;
  const Options options_;
  const ParallelFor parallel_for_;
  Counters counters_;
  Damage damage_;
  Head head_;
  MetadataTable metadata_;
  ExemplarBuffer exemplars_;
  std::atomic<int64_t> clock_{0};              // the latest that was told
  mutable SealedSet sealed_;                   // a query that finds damage sets an environment aside
  std::map<int64_t, int64_t> segments_since_;  // by window: when its newest segment was made; guarded by maintain_mutex_
  std::mutex merge_mutex_;                     // one merge or cleaning at a time; taken before maintain_mutex_
  std::mutex maintain_mutex_;                  // one flush or seal at a time; taken before ingest_mutex_
  std::mutex ingest_mutex_;                    // guards ingest_, and the journal's entries
  int64_t now_ = 0;                            // as maintain() was told; guarded by maintain_mutex_
  Pause flush_pause_;                          // changed under maintain_mutex_
  std::once_flag newest_restored_;
  bool newest_readable_ = false;              // of every segment that is open; guarded by newest_restored_, then by maintain_mutex_
  Pause open_pause_;                          // guarded by maintain_mutex_
  std::atomic<bool> sums_lack_space_{false};  // retention does not wait for summaries that cannot be written
  Ingest ingest_;
  Journal journal_;  // its destructor waits for the callbacks into ingest_
  SeriesCatalog catalog_;
  ExemplarLog exemplar_log_;
  Deletions deletions_;  // changed under maintain_mutex_
  // What forget_spent_in_time() looked at last; guarded by maintain_mutex_.
  std::vector<std::string> spent_among_;
  DeletionList spent_of_;
  Flushing flushing_;
  Sealing sealing_;
  Merging merging_;
  SegmentMerging segment_merging_;
  Summarising summarising_;
};

}  // namespace tarsier::samples
