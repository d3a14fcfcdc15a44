// Ingest: a batch of samples on its way into the journal and the head. Says what it refused and why; what it did not refuse is
// acknowledged when its journal entry is committed.
//
// A batch goes into the head first and into the journal then; so a sample may be seen a moment before it is safe, but never the
// other way round, and a duplicate is journaled again, in case its first journal entry failed. While commits fail the order is
// reversed: otherwise a full disk would let the head grow without end.
#pragma once

#include <string>

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

  Ingest(Head& head, Journal& journal, MetadataTable& metadata, const Options& options, Counters& counters)
      : head_(head), journal_(journal), metadata_(metadata), options_(options), counters_(counters) {}

  /// `done` is called exactly once, perhaps before it returns. One caller at a time. `batch` is used during the call only.
  void take(const batch::View& batch, int64_t now_ns, Done done);

 private:
  enum class Refusal : uint8_t { conflict, too_old, future, series_limit, labels };
  struct Refused {
    uint64_t count = 0;
    std::string text;
  };
  /// Where the batch's symbols are in the head, found when first asked for.
  struct BatchSymbols;
  class Rows;

  void resolve(const batch::Sets& sets, Rows& rows);
  uint32_t resolve_series(const batch::Sets& sets, uint32_t set, BatchSymbols& symbols, Refusal& refusal);
  void check_times(const Rows& rows, int64_t now_ns);
  bool time_refused(const Series* series, int64_t time, int64_t now_ns, Refusal& refusal) const;
  void insert(const Rows& rows);
  void note_metadata(const batch::SamplesView& samples);
  void define(uint32_t series, uint64_t sequence);
  void build_entry(const Rows& rows);
  void commit_failed(bool had_metadata);
  void undo_definitions(uint64_t sequence);
  void refuse(Refusal reason, uint32_t series, int64_t time, uint64_t samples);
  void note_refusal(Refusal reason, const std::string& what, uint64_t samples);
  Result<void> outcome() const;

  Head& head_;
  Journal& journal_;
  MetadataTable& metadata_;
  const Options& options_;
  Counters& counters_;

  // of the batch in hand; kept for their memory
  std::vector<uint32_t> series_;  // by set; kNoSeries: refused
  std::vector<uint8_t> keep_;     // by row
  std::vector<uint32_t> pairs_;
  std::vector<uint32_t> defined_now_;
  SamplesRecord samples_record_;
  SeriesRecord series_record_;
  JournalEntry entry_;
  Refused refused_;
  size_t batch_symbols_ = 0;
  std::atomic<bool> metadata_unsaved_{false};  // an entry with metadata failed: the next one holds all of it
};

}  // namespace tarsier::samples
