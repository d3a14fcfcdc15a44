// SeriesCatalog: the series of the head and the metadata of their metrics, as the flushes left them: sealed environments
// "samples/series.N", one a flush that met new series. Some are full and make the earlier ones superfluous. So a start reads the
// labels of each series once, and a journal defines only what came after the last flush.
#pragma once

#include <string>
#include <vector>

#include "metadata_table.hpp"
#include "series_table.hpp"
#include "tarsier/storage.hpp"

namespace tarsier::samples {

class SeriesCatalog {
 public:
  explicit SeriesCatalog(const Host& host) : host_(host) {}

  /// Finds the catalogs that count. Those of flushes from `first_unfinished` on were left by a crash and are removed.
  Result<void> open(uint64_t first_unfinished);
  /// Gives everything to `visitor`, in the order in which it was written.
  Result<void> load(JournalVisitor& visitor) const;

  /// Writes the series [first, last) of `table` as catalog `flush`, a full one when `first` is 0, and the metadata when it changed.
  /// Nothing is written when nothing is new. It counts once commit() is called.
  Result<void> write(uint64_t flush, const SeriesTable& table, uint32_t first, uint32_t last, const MetadataTable& metadata);
  /// The flush is noted as finished.
  void commit() noexcept;
  /// The flush failed: what was written is removed.
  void abandon();
  /// Removes what the last full catalog made superfluous.
  Result<void> remove_superseded();
  uint64_t last_flush() const noexcept { return flushes_.empty() ? 0 : flushes_.back(); }
  /// True when there are so many that the next one had better be full.
  bool wants_full() const noexcept { return flushes_.size() >= kMost; }

 private:
  static constexpr size_t kMost = 16;
  struct Written {
    uint64_t flush = 0;  // 0: none
    bool full = false;
    uint64_t metadata = 0;
  };
  const Host& host_;
  std::vector<uint64_t> flushes_;  // ascending
  uint64_t full_ = 0;              // the last full one
  uint64_t metadata_ = 0;          // the state of the metadata that the catalogs hold
  Written pending_;
};

}  // namespace tarsier::samples
