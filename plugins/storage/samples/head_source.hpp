// HeadSource: series of the head with the chunks that belong in one partition, in order of their labels.
#pragma once

#include "series_source.hpp"
#include "series_table.hpp"

namespace tarsier::samples {

/// One series to write: its number in the table, and its chunks.
struct SealedSeries {
  uint32_t series = 0;
  std::vector<ChunkView> chunks;
};

class HeadSource final : public SeriesSource {
 public:
  /// `table` outlives this, and does not change meanwhile in the series that are named.
  HeadSource(const SeriesTable& table, std::vector<SealedSeries> series);
  Result<bool> next() override;
  Labels labels() const override { return labels_; }
  Result<void> samples(Columns& out) override;

 private:
  void sort();
  const SeriesTable& table_;
  std::vector<SealedSeries> series_;
  size_t next_ = 0;
  std::vector<Label> labels_;
};

}  // namespace tarsier::samples
