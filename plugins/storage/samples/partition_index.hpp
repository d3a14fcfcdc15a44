// PartitionIndex: finds series of a partition and tells their labels. Made for one query and used by one thread: it keeps the
// blocks of texts that it unpacked, for what it hands out lives as long as it does, and some blocks of series.
#pragma once

#include <deque>
#include <map>

#include "labels.hpp"
#include "match_index.hpp"
#include "partition.hpp"
#include "sample_block.hpp"

namespace tarsier::samples {

/// A cursor's step to the block that holds number `wanted`: the last key that is not above it.
Result<Entry> seek_block(Cursor& cursor, std::span<const uint8_t> wanted);

class PartitionIndex final : public LabelIndex {
 public:
  static Result<std::unique_ptr<PartitionIndex>> open(std::shared_ptr<Partition> partition);

  const std::shared_ptr<Partition>& partition() const noexcept { return partition_; }
  uint32_t series_count() const override { return static_cast<uint32_t>(partition_->info().series); }
  Result<uint32_t> symbol(std::string_view text) const override { return find_symbol(text, false); }
  Result<std::string_view> text(uint32_t symbol) const override;
  bool is_ordered() const noexcept override { return true; }
  void names(std::vector<uint32_t>& out) const override;
  Result<StoredSet> postings(uint32_t name, uint32_t value) const override;
  Result<void> each_value(uint32_t name, const TextRange* range, const UseValue& use) const override;
  Result<std::span<const uint32_t>> pairs_of(uint32_t series) const override;
  bool rather_series(uint32_t series, uint32_t name) const override;
  /// Appends the labels of a series.
  Result<void> labels(uint32_t series, std::vector<Label>& out) const;

 private:
  struct SymbolBlock {
    std::vector<uint8_t> bytes;
    std::vector<std::string_view> texts;  // into bytes
  };
  struct SeriesBlock {
    std::vector<uint32_t> pairs;
    std::vector<uint32_t> ends;  // by series: where its pairs end
  };
  /// One value of a label, as a block of postings has it.
  struct ValueEntry {
    uint32_t value = 0;
    uint64_t count = 0;
    std::span<const uint8_t> list;
  };

  PartitionIndex(std::shared_ptr<Partition> partition, Snapshot snapshot)
      : partition_(std::move(partition)), snapshot_(std::move(snapshot)) {}
  Result<const SymbolBlock*> symbol_block(uint32_t symbol, uint32_t& first) const;
  Result<const SeriesBlock*> series_block(uint32_t series, uint32_t& first) const;
  /// kNoSymbol when no series has it. `lower`: instead, the first symbol that is not below the text.
  Result<uint32_t> find_symbol(std::string_view text, bool lower) const;
  /// Calls use(entry) for values of a name from `from` to `last`, until it returns false.
  Result<void> each_entry(uint32_t name, uint32_t from, uint32_t last,
                          const std::function<Result<bool>(const ValueEntry&)>& use) const;
  StoredSet stored(const ValueEntry& entry, std::span<const uint8_t> list) const;
  Error corrupt(std::string_view what) const;

  std::shared_ptr<Partition> partition_;
  Snapshot snapshot_;
  mutable Unpacker unpacker_;
  mutable std::map<uint32_t, SymbolBlock> symbol_blocks_;  // by first symbol
  mutable std::map<uint32_t, SeriesBlock> series_blocks_;  // by first series
  mutable std::deque<std::vector<uint8_t>> lists_;         // those that were handed out
};

}  // namespace tarsier::samples
