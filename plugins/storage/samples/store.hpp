// Store: the whole of the samples store behind the plugin: journal, head, partitions, and the work on them. Needs of the host only
// storage, log and what the constructor names, so that tests run it on a storage of their own.
#pragma once

#include "ingest.hpp"
#include "merging.hpp"
#include "partition_set.hpp"
#include "query.hpp"
#include "sealing.hpp"

namespace tarsier::samples {

struct StoreStat {
  HeadStat head;
  uint64_t partitions = 0;
  uint64_t set_aside = 0;         // partitions that are damaged
  uint64_t partition_series = 0;  // summed: a series counts once in each
  uint64_t partition_samples = 0;
  uint64_t partition_blocks = 0;
  uint64_t partition_bytes = 0;
  uint64_t journal_bytes = 0;
  int64_t min_time = 0;
  int64_t max_time = 0;
};

class Store {
 public:
  Store(const Host& host, Options options, ParallelFor parallel_for);
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  /// Recovers what an unclean end left, opens the partitions and replays the journal.
  Result<void> open();

  /// Ingest::take, for several callers.
  void take(const batch::View& batch, int64_t now_ns, Ingest::Done done);

  /// Seals and removes what is due. One caller at a time; may take long.
  Result<void> maintain(int64_t now_ns);
  /// Seals everything before `cutoff`.
  Result<void> seal(int64_t cutoff);
  void apply_retention(int64_t now_ns);
  /// Merges partitions as far as is due. One caller at a time; may take long.
  Result<void> merge(int64_t now_ns);
  /// merge() returns soon, and does nothing from now on. [any]
  void cancel_merge() noexcept { merging_.cancel(); }

  Result<std::unique_ptr<Query>> find(std::span<const Matcher> matchers, QueryRange range, bool labels_only, uint64_t max_series,
                                      const std::function<bool()>& cancelled) const;
  /// Sorted, unique.
  Result<std::vector<std::string>> label_names(std::span<const Matcher> matchers, QueryRange range) const;
  Result<std::vector<std::string>> label_values(std::string_view name, std::span<const Matcher> matchers, QueryRange range) const;
  /// The damaged partitions whose samples an answer about the range lacks.
  std::vector<SetAside> set_aside(QueryRange range = {}) const { return partitions_.set_aside(range.start, range.end); }
  const MetadataTable& metadata() const noexcept { return metadata_; }
  Result<StoreStat> stat() const;

  const Options& options() const noexcept { return options_; }
  const ParallelFor& parallel_for() const noexcept { return parallel_for_; }
  Counters& counters() noexcept { return counters_; }

 private:
  class Replay;
  DamageSink damage_sink() const;
  Result<void> each_index(QueryRange range, const std::function<Result<void>(const PartitionIndex&)>& use) const;
  bool seal_due(int64_t now_ns, int64_t& cutoff);

  const Host& host_;
  const Options options_;
  const ParallelFor parallel_for_;
  Counters counters_;
  Head head_;
  MetadataTable metadata_;
  mutable PartitionSet partitions_;  // a query that finds damage sets a partition aside
  std::mutex seal_mutex_;            // one pass at a time; taken before ingest_mutex_
  std::mutex ingest_mutex_;          // guards ingest_, and the journal's entries
  int64_t last_cutoff_ = INT64_MIN;  // of the last pass of sealing that the clock asked for; maintain() alone uses it
  Ingest ingest_;
  Journal journal_;  // its destructor waits for the callbacks into ingest_
  Sealing sealing_;
  Merging merging_;
};

}  // namespace tarsier::samples
