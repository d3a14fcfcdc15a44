// PartitionWriter: makes one partition of a source of series, one series at a time. In memory are the index (IndexWriter) and the
// blocks of one group of neighbouring series, whatever the partition's size.
#pragma once

#include <map>

#include "index_writer.hpp"
#include "partition.hpp"
#include "sample_block.hpp"
#include "series_source.hpp"
#include "summary_blocks.hpp"

namespace tarsier::samples {

class PartitionWriter {
 public:
  /// `slot_ns`: the span of time of a block of samples. `level`: Packer::kFast or kSmall.
  PartitionWriter(const Host& host, int64_t slot_ns, int level = Packer::kFast)
      : host_(host), slot_(slot_ns), level_(level), packer_(level), index_(level) {}

  /// True: the partition partition_name(cover) is on the disk, whole. False: the source has no sample, and there is no empty
  /// partition. An error: nothing of it is there. For a tier (`cover`) each sample of the source has a summary.
  Result<bool> write(const Cover& cover, SeriesSource& source);

 private:
  Result<bool> write_all(Sealer& sealer, SeriesSource& source);
  Result<void> write_head(Sealer& sealer);
  void add(const Columns& columns);
  Result<void> end_group(Sealer& sealer);

  /// Of a group, in one slot of time.
  struct Blocks {
    SampleBlockBuilder samples;
    SummaryBlocksBuilder summaries;  // of a tier
  };
  bool is_tier() const noexcept { return info_.cover.tier_ns != 0; }

  const Host& host_;
  const int64_t slot_;
  const int level_;
  Packer packer_;
  IndexWriter index_;
  PartitionInfo info_;
  std::map<int64_t, Blocks> blocks_;  // of the group, by begin of the slot
  uint32_t group_ = 0;                // its first series
  std::vector<uint32_t> groups_;
  Columns columns_, part_;
};

}  // namespace tarsier::samples
