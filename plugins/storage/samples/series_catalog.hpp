// SeriesCatalog: the series of the head and the metadata of their metrics, as the flushes left them: sealed environments
// "samples/series.N", one a flush that met new series. Some are full and make the earlier ones superfluous. So a start reads the
// labels of each series once, and a journal defines only what came after the last flush.
#pragma once

#include "flush_log.hpp"
#include "metadata_table.hpp"
#include "series_table.hpp"

namespace tarsier::samples {

class SeriesCatalog {
 public:
  SeriesCatalog(const Host& host, Damage& damage) : log_(host, damage, "samples/series.", "a catalog") {}

  /// Finds the catalogs that count.
  Result<void> open() { return log_.open(); }
  /// Gives everything that can be read to `visitor`, in the order in which it was written.
  Result<void> load(JournalVisitor& visitor);
  /// load() found that something is lost. As long as segments hold samples of series that are not known, the catalogs are left as
  /// they are, so that a copy from a backup can take the place of one; none of them is full, so that none is superfluous.
  bool damaged() const noexcept { return log_.damaged(); }
  Result<void> set_aside_damaged() { return log_.set_aside_damaged(); }

  /// Writes the series [first, last) of `table` as catalog `flush`, a full one when `first` is 0 and nothing is damaged, and the
  /// metadata when it changed. Nothing is written when nothing is new. It counts once commit() is called.
  Result<void> write(uint64_t flush, const SeriesTable& table, uint32_t first, uint32_t last, const MetadataTable& metadata);
  /// The flush is noted as finished.
  void commit() noexcept {
    if (log_.commit()) metadata_ = pending_metadata_;
  }
  /// The flush failed: what was written is removed.
  void abandon() { log_.abandon(); }
  /// Removes what the last full catalog made superfluous.
  Result<void> remove_superseded() { return log_.remove_superseded(); }
  uint64_t last_flush() const noexcept { return log_.last_flush(); }
  /// True when there are so many that the next one had better be full.
  bool wants_full() const noexcept { return log_.wants_full() && !damaged(); }
  uint64_t file_bytes() const noexcept { return log_.file_bytes(); }

 private:
  FlushLog log_;
  uint64_t metadata_ = 0;          // the state of the metadata that the catalogs hold
  uint64_t pending_metadata_ = 0;  // and with the one that was written and does not count yet
};

}  // namespace tarsier::samples
