// PartitionSamples: reads the samples of series of a partition. For one thread; keeps the block that it read last, since neighbours
// are asked for one after the other.
#pragma once

#include "partition.hpp"
#include "sample_block.hpp"

namespace tarsier::samples {

class PartitionSamples {
 public:
  static Result<PartitionSamples> open(const Partition& partition);
  /// Appends the samples of the series in [start, end].
  Result<void> read(uint32_t series, int64_t start, int64_t end, Columns& out);

 private:
  PartitionSamples(const Partition& partition, Snapshot snapshot) : partition_(&partition), snapshot_(std::move(snapshot)) {}
  Result<void> load(uint32_t series);

  const Partition* partition_;
  Snapshot snapshot_;
  Unpacker unpacker_;
  std::vector<uint8_t> bytes_;
  SampleBlock block_;  // without series until one is loaded
  uint32_t first_ = 0;
};

}  // namespace tarsier::samples
