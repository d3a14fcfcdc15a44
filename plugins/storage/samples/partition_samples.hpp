// PartitionSamples: reads the samples of series of a partition in a range of time. For one thread; keeps the blocks of the group of
// series that it read last, since neighbours are asked for one after the other.
#pragma once

#include "partition.hpp"
#include "sample_block.hpp"
#include "summary_blocks.hpp"

namespace tarsier::samples {

class PartitionSamples {
 public:
  /// For samples in [start, end].
  static Result<PartitionSamples> open(const Partition& partition, int64_t start, int64_t end);
  /// Appends the samples of the series.
  Result<void> read(uint32_t series, Columns& out);

 private:
  PartitionSamples(const Partition& partition, Snapshot snapshot, int64_t start, int64_t end)
      : partition_(&partition), snapshot_(std::move(snapshot)), start_(start), end_(end) {}
  Result<void> load_group(uint32_t series);
  Result<void> load(std::string_view key, std::string_view value);
  Result<void> read_block(size_t block, uint32_t series, Columns& out);

  const Partition* partition_;
  Snapshot snapshot_;
  int64_t start_;
  int64_t end_;
  Unpacker unpacker_;
  std::vector<SampleBlock> blocks_;       // of the group, by time; the first used_ of them
  std::vector<SummaryBlocks> summaries_;  // beside them, of a tier
  size_t used_ = 0;
  uint32_t first_ = 0;  // series of the group
  uint32_t last_ = 0;   // the one after it; equal to first_ when there is none
};

}  // namespace tarsier::samples
