// SelectRuns: reads the samples of a query's series and hands them over. Series that lie side by side are a run; several runs are
// read at once.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>

#include "query.hpp"
#include "tarsier/service/samples_store.h"

namespace tarsier::samples {

class SelectRuns {
 public:
  struct Limits {
    uint64_t max_samples = 0;         // 0: there is none
    std::function<bool()> cancelled;  // asked now and then; may be empty
    size_t series_per_pass = 0;       // as Query has it
  };
  /// `use`: is called on several threads, in order within a run; false ends it all. The query outlives this.
  SelectRuns(const Query& query, Limits limits, std::function<bool(const tarsier_series&)> use);
  /// Once; returns when nothing is being read any more.
  Result<void> read(const ParallelFor& parallel_for);

 private:
  /// Entries that are read together.
  struct Pass {
    std::span<const Query::Entry> entries;
    uint64_t first_run = 0;
    std::vector<Query::Reader::Part> head_parts;  // of each entry, in head_columns_; none: they are read with the rest
  };

  void each(uint64_t count, const ParallelFor& parallel_for, const std::function<Result<void>(uint64_t)>& call);
  void read_head_parts(Pass& pass, const ParallelFor& parallel_for);
  Result<void> run(const Pass& pass, uint64_t number);
  Result<void> read_some(const Pass& pass, uint64_t first, Query::Reader& reader, std::span<Query::Samples> out) const;
  void fail(Error error);
  bool count(uint64_t samples);
  bool ended() const noexcept { return ended_.load(std::memory_order_relaxed); }

  const Query& query_;
  const Limits limits_;
  const std::function<bool(const tarsier_series&)> use_;
  const uint64_t per_run_;
  std::vector<Columns> head_columns_;  // of the pass in hand; the memory stays for the next one
  std::atomic<uint64_t> samples_{0};
  std::atomic<bool> ended_{false};
  std::mutex mutex_;
  Result<void> outcome_;  // by mutex_; who ends first decides
};

}  // namespace tarsier::samples
