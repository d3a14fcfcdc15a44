// PartitionWriter: makes one partition from series and their chunks: series sorted by labels, symbols and postings for finding
// them, blocks of samples in that order.
#pragma once

#include "head.hpp"
#include "partition.hpp"
#include "sample_block.hpp"

namespace tarsier::samples {

/// One series to write: its number in the table, and the chunks that belong in this partition.
struct SealedSeries {
  uint32_t series = 0;
  std::vector<ChunkView> chunks;
};

class PartitionWriter {
 public:
  /// `table` must not change meanwhile in the series that are named.
  PartitionWriter(const Host& host, const SeriesTable& table) : host_(host), table_(table) {}

  /// The partition is on the disk, whole, when this returns OK; otherwise nothing of it is.
  Result<void> write(const std::string& name, int64_t window_start, std::vector<SealedSeries> series);

 private:
  Result<void> write_symbols(Sealer& sealer, std::vector<SealedSeries>& series);
  Result<void> write_postings(Sealer& sealer, std::span<const SealedSeries> series);
  Result<void> write_series(Sealer& sealer, std::span<const SealedSeries> series);
  Result<void> write_chunks(Sealer& sealer, std::span<const SealedSeries> series);
  Result<void> append_packed(Sealer& sealer, std::string_view table, std::span<const uint8_t> key, std::vector<uint8_t>& block);

  const Host& host_;
  const SeriesTable& table_;
  Packer packer_;
  PartitionInfo info_;
  std::vector<uint32_t> rank_;  // by symbol of the table: symbol in the partition
};

}  // namespace tarsier::samples
