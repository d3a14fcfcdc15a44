// The blocks of a tier that stand beside a block of samples: for the same series, a column each of what their summaries have
// besides time and value. A column that says no more than the values do is left out, such as the maxima of a counter.
#pragma once

#include <array>
#include <string_view>

#include "partition.hpp"
#include "sample_block.hpp"

namespace tarsier::samples {

inline constexpr size_t kSummaryColumns = kSummaryTables.size();

class SummaryBlocksBuilder {
 public:
  /// The series that the block of samples gets; every sample has a summary.
  void add(const Columns& series);
  /// Of the largest block, about.
  size_t size_bytes() const noexcept;
  /// The bytes of one of them. It is empty afterwards.
  void encode(size_t column, Packer& packer, std::vector<uint8_t>& out) { blocks_[column].encode(packer, out); }

 private:
  std::array<SampleBlockBuilder, kSummaryColumns> blocks_;
  Columns column_;
};

/// Reads them, for one thread. May be opened again and again; keeps its memory.
class SummaryBlocks {
 public:
  /// `key`: of the block of samples. What was opened is valid as long as the snapshot.
  Result<void> open(const Snapshot& snapshot, std::string_view key, Unpacker& unpacker);
  Result<void> open(size_t column, std::span<const uint8_t> bytes, Unpacker& unpacker) {
    return blocks_[column].open(bytes, unpacker);
  }
  /// Puts the summaries of these rows of a series into `out`, of which they are the last samples.
  Result<void> read(size_t index, SampleBlock::Rows rows, Columns& out);

 private:
  std::array<SampleBlock, kSummaryColumns> blocks_;
  Columns column_;
};

}  // namespace tarsier::samples
