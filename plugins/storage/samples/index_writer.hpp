// IndexWriter: the index of a partition while it is made. Takes the series one by one, keeps their labels in a compact form
// (about ten bytes a series, the texts once), and writes symbols, postings and series when the last is there.
#pragma once

#include "labels.hpp"
#include "partition.hpp"
#include "postings.hpp"
#include "sample_block.hpp"
#include "symbols.hpp"

namespace tarsier::samples {

class IndexWriter {
 public:
  explicit IndexWriter(int level) : packer_(level) {}
  /// The next series: numbers are given in the order of the calls. Labels must ascend.
  void add(Labels labels);
  uint32_t series_count() const noexcept { return count_; }
  /// Writes the three tables and fills in what `info` says of them.
  Result<void> write(Sealer& sealer, PartitionInfo& info);

 private:
  Result<void> write_symbols(Sealer& sealer);
  Result<void> write_postings(Sealer& sealer, PartitionInfo& info);
  Result<void> write_series(Sealer& sealer);
  Result<void> append_packed(Sealer& sealer, std::string_view table, std::span<const uint8_t> key, std::vector<uint8_t>& block);

  Symbols symbols_;
  PostingsMap postings_;
  std::vector<uint8_t> series_;   // each: pairs shared with the one before, fresh pairs, their symbols
  std::vector<uint32_t> before_;  // name, value, ... of the last series
  uint32_t count_ = 0;
  std::vector<uint32_t> rank_;  // by symbol: its number in the partition, which is its place in the order of texts
  Packer packer_;
};

}  // namespace tarsier::samples
