// Ingest: a batch of samples on its way into the journal and the head. Says what it refused and why; what it did not refuse is
// acknowledged when its journal entry is committed.
//
// A batch goes into the head first and into the journal then; so a sample may be seen a moment before it is safe, but never the
// other way round, and a duplicate is journaled again, in case its first journal entry failed. While commits fail the order is
// reversed: otherwise a full disk would let the head grow without end.
#pragma once

#include <string>

#include "exemplar_ingest.hpp"
#include "head.hpp"
#include "journal.hpp"
#include "metadata_table.hpp"
#include "options.hpp"
#include "tarsier/batch.hpp"

namespace tarsier::samples {

class Ingest {
 public:
  /// OK: everything in the batch is safe. INVALID: some samples were refused, named in the message, the others are safe. Anything
  /// else: nothing is promised.
  using Done = std::function<void(Result<void>)>;

  Ingest(Head& head, Journal& journal, MetadataTable& metadata, ExemplarBuffer& exemplars, const Options& options,
         Counters& counters)
      : head_(head),
        journal_(journal),
        metadata_(metadata),
        options_(options),
        counters_(counters),
        exemplars_(exemplars, options, counters) {}

  /// `done` is called exactly once, perhaps before it returns. One caller at a time. `batch` is used during the call only.
  /// `unhurried`: nobody waits for `done`.
  void take(const batch::View& batch, int64_t now_ns, Done done, bool unhurried);

 private:
  enum class Refusal : uint8_t { conflict, too_old, future, series_limit, metric_limit, job_limit, labels, histogram };
  struct Refused {
    uint64_t count = 0;
    std::string text;
  };
  /// From when on samples are taken, by whether they are in order; and up to when.
  struct TimeLimits {
    int64_t in_order = INT64_MIN;
    int64_t out_of_order = INT64_MIN;
    int64_t latest = INT64_MAX;
  };
  /// Where the batch's symbols are in the head, found when first asked for.
  struct BatchSymbols;
  class Rows;

  void resolve(const batch::View& batch, const Rows& rows);
  void resolve_sets(const batch::Sets& sets, const Rows& rows);
  void resolve_flat(const Rows& rows);
  /// Why no series may be made: the reason, and what of it a person can look for.
  struct Limit {
    Refusal reason = Refusal::labels;
    std::string detail;
  };
  uint32_t resolve_set(const batch::Sets& sets, uint32_t set, BatchSymbols& symbols, Limit& limit);
  uint32_t resolve_labels(Labels labels, Limit& limit);
  bool limited(Labels labels, Limit& limit);
  bool unusable(Labels labels, Limit& limit) const;
  void refuse_set(const Limit& limit, Labels labels, uint32_t set, const Rows& rows);

  TimeLimits time_limits(int64_t now_ns) const;
  void prefetch_after(uint32_t set);
  void admit(const Rows& rows, const TimeLimits& limits, bool insert);
  bool admit_row(Series& series, uint32_t id, const Sample& sample, const TimeLimits& limits, bool insert);
  void insert_kept(const Rows& rows);
  bool insert_row(Series& series, uint32_t id, const Sample& sample);
  std::string_view metric_of(const batch::SamplesView& samples, uint32_t set);
  void note_metadata(const batch::SamplesView& samples);
  void define(Series& series, uint32_t id, uint64_t sequence, uint64_t committed);
  void finish_entry();
  void commit_failed(bool had_metadata);
  void undo_definitions(uint64_t sequence);
  void refuse(Refusal reason, uint32_t series, int64_t time);
  void refuse(const Limit& limit, uint32_t series, int64_t time);
  void note_refusal(const Limit& limit, const std::string& what, uint64_t samples);
  void count_rows();
  Result<void> outcome(uint64_t samples) const;

  Head& head_;
  Journal& journal_;
  MetadataTable& metadata_;
  const Options& options_;
  Counters& counters_;
  ExemplarIngest exemplars_;

  // of the batch in hand; kept for their memory
  std::vector<uint32_t> series_;  // by set; kNoSeries: refused
  std::vector<uint8_t> keep_;     // by row
  std::vector<uint32_t> pairs_;
  std::vector<SetHash> hashes_;
  std::vector<Label> labels_;
  LabelNumbers numbers_;
  SamplesRecord samples_record_;
  SeriesRecord series_record_;
  JournalEntry entry_;
  Refused refused_;
  uint64_t appended_ = 0, out_of_order_ = 0, duplicates_ = 0;
  size_t batch_symbols_ = 0;
  std::atomic<bool> metadata_unsaved_{false};  // an entry with metadata failed: the next one holds all of it
};

}  // namespace tarsier::samples
