// Flushing: moves what is in memory into segments on the disk, so that the journal stays short (a start replays it) and memory
// holds only the newest samples. Killed at any step, nothing is lost and nothing counts twice:
//
//   1 rotate    the active file becomes journal N; from now on entries go to a fresh one. The head's chunks are frozen
//   2 segments  one for each window of time, named after N
//   3 catalog   the series that journal N defines, and the metadata; the exemplars
//   4 finish    "journals up to N are done" is committed to the active file: the turning point
//   5 publish   queries see the segments, and the head drops what they hold
//   6 remove    journal N
//
// Found at a start: a journal that is not done makes segments, catalogs and logs of exemplars with its number or a higher one
// worthless; they are removed and the journal is replayed. A journal that is done is removed unread.
#pragma once

#include <mutex>

#include "exemplar_log.hpp"
#include "head.hpp"
#include "head_segment.hpp"
#include "journal.hpp"
#include "series_catalog.hpp"

namespace tarsier::samples {

class Flushing {
 public:
  Flushing(const Host& host, Head& head, Journal& journal, SeriesCatalog& catalog, MetadataTable& metadata,
           ExemplarLog& exemplar_log, const ExemplarBuffer& exemplars)
      : host_(host),
        head_(head),
        journal_(journal),
        catalog_(catalog),
        metadata_(metadata),
        exemplar_log_(exemplar_log),
        exemplars_(exemplars) {}

  /// One flush of everything. `writer_mutex` is what keeps ingest out; it is held for step 1 only. Calls `publish` with the new
  /// segments. A flush that failed is taken up again by the next call. One caller at a time.
  Result<void> run(std::mutex& writer_mutex, const std::function<void(HeadSegments)>& publish);
  /// The next catalog lists all series: numbers in the table have changed.
  void forget_catalogued() noexcept { catalogued_ = 0; }

  /// After replay, of a journal that is damaged: nothing more is written to it.
  Result<void> leave_damaged_journal();
  /// Before replay: removes what an unfinished flush left. Returns the names of the segments that stay,
  /// and of what is called like one.
  Result<std::vector<std::string>> recover();
  /// After the catalogs were loaded: so many series are in them.
  void note_catalogued(uint32_t series) noexcept { catalogued_ = series; }
  uint64_t last_number() const noexcept { return number_; }
  /// No flush has a number up to this one any more (partitions tell).
  void reserve_number(uint64_t number) noexcept { number_ = std::max(number_, number); }

 private:
  Result<void> write_segments(const FrozenChunks& frozen, HeadSegments& made);
  Result<void> write_segments(const FrozenChunks& frozen, int64_t first, int64_t last, HeadSegments& made);
  Result<void> write_catalog();

  const Host& host_;
  Head& head_;
  Journal& journal_;
  SeriesCatalog& catalog_;
  MetadataTable& metadata_;
  ExemplarLog& exemplar_log_;
  const ExemplarBuffer& exemplars_;
  uint64_t number_ = 0;        // of the last flush
  uint32_t catalogued_ = 0;    // series of the table that are in catalogs
  uint32_t to_catalogue_ = 0;  // series of the table when the flush began
  uint64_t to_log_ = 0;        // the end of the exemplars when the flush began
  bool unfinished_ = false;    // the journal was rotated, and then something failed
};

}  // namespace tarsier::samples
