// SeriesTable: the series of the head: label sets as pairs of symbols, found by one hash and one compare; postings and the values
// of each label name. Series are only ever added; forgetting those that ended makes another table (Head::forget).
#pragma once

#include <memory>
#include <unordered_map>
#include <vector>

#include "batch_aliases.hpp"
#include "labels.hpp"
#include "match_index.hpp"
#include "postings.hpp"
#include "segmented_vector.hpp"
#include "series_ages.hpp"
#include "series_chunks.hpp"
#include "series_key.hpp"
#include "set_aliases.hpp"
#include "symbols.hpp"

namespace tarsier::samples {

inline constexpr uint32_t kNoSeries = UINT32_MAX;

/// As large as what the processor fetches at a time, and nothing besides: they lie all over the memory.
struct alignas(128) Series {
  uint64_t hash = 0;
  uint64_t ref = 0;                 // its number in the journal; never used for another series
  uint64_t defined_in = 0;          // sequence of the journal entry that defined it; 0: none
  const uint32_t* pairs = nullptr;  // name, value, name, value, ...: symbols; owned by the table
  uint32_t pair_count = 0;
  uint32_t metric = 0;  // as in SeriesKey
  SeriesChunks chunks;

  SeriesKey key() const noexcept { return {metric, ref}; }
};
static_assert(sizeof(Series) == 128);

/// A label set as numbers of symbols. Kept from one set to the next, since neighbours share most of their labels.
struct LabelNumbers {
  uint64_t hash = 0;
  std::vector<uint32_t> symbols;  // name, value, name, value, ...; kNoSymbol: the table has no such text
  std::vector<uint64_t> hashes;   // of their texts
};

class SeriesTable final : public LabelIndex {
 public:
  SeriesTable() = default;
  SeriesTable(const SeriesTable&) = delete;
  SeriesTable& operator=(const SeriesTable&) = delete;

  Symbols& symbols() noexcept { return symbols_; }
  const Symbols& symbols() const noexcept { return symbols_; }
  SetAliases& aliases() noexcept { return aliases_; }
  BatchAliases& batches() noexcept { return batches_; }
  SeriesAges& ages() noexcept { return ages_; }
  const SeriesAges& ages() const noexcept { return ages_; }
  uint32_t size() const noexcept { return series_.size(); }
  Series& operator[](uint32_t series) noexcept { return series_[series]; }
  const Series& operator[](uint32_t series) const noexcept { return series_[series]; }

  /// `pairs`: symbols of this table, sorted by the names' text.
  uint32_t find(uint64_t hash, std::span<const uint32_t> pairs) const noexcept;
  /// kNoSeries when it is not there; interns nothing. `numbers` may hold any earlier set, also of another table.
  uint32_t find(Labels labels, LabelNumbers& numbers) const;
  /// kNoSeries when it is not there.
  uint32_t find_ref(uint64_t ref) const noexcept;
  void prefetch(uint32_t series) const noexcept {
    const auto* entry = reinterpret_cast<const char*>(&series_[series]);
    __builtin_prefetch(entry, 1);
    __builtin_prefetch(entry + 64, 1);
  }
  /// Brings what find() and add() of such a series use near.
  void prefetch(uint64_t hash, std::span<const uint32_t> pairs) const noexcept;
  /// Room for so many series is looked for once.
  void reserve(uint32_t series);
  uint32_t add(uint64_t hash, uint64_t ref, std::span<const uint32_t> pairs);
  /// What find() has not found, with the numbers that it has left; interns what is new.
  uint32_t add(Labels labels, LabelNumbers& numbers, uint64_t ref);
  /// Name, value, name, value, ...: symbols.
  std::span<const uint32_t> pairs(uint32_t series) const noexcept {
    return {series_[series].pairs, size_t{series_[series].pair_count} * 2};
  }
  /// Appends the labels; the text lives as long as the table.
  void labels(uint32_t series, std::vector<Label>& out) const;

  uint32_t series_count() const override { return size(); }
  /// Of those with that label.
  uint64_t series_count(std::string_view name, std::string_view value) const;
  /// Null when no series has the pair; valid until the next add().
  const IdSet* series_with(uint32_t name, uint32_t value) const noexcept { return postings_.find(name, value); }
  Result<uint32_t> symbol(std::string_view text) const override { return symbols_.find(text); }
  Result<std::string_view> text(uint32_t symbol) const override { return symbols_.text(symbol); }
  Result<StoredSet> postings(uint32_t name, uint32_t value) const override;
  Result<void> each_value(uint32_t name, const TextRange* range, const UseValue& use) const override;
  Result<std::span<const uint32_t>> pairs_of(uint32_t series) const override { return pairs(series); }
  bool rather_series(uint32_t series, uint32_t name) const override;
  bool is_ordered() const noexcept override { return false; }
  /// Symbols of the names that any series has, and of the values of one name; no order.
  void names(std::vector<uint32_t>& out) const override;
  std::span<const uint32_t> values(uint32_t name) const;
  size_t pair_count() const noexcept { return postings_.size(); }
  size_t memory_bytes() const noexcept;

 private:
  struct Slot {
    uint32_t tag = 0;  // upper half of the hash, which also tells where to look first
    uint32_t series = kNoSeries;
  };
  uint32_t metric_of(std::span<const uint32_t> pairs) const noexcept;
  bool number(std::string_view text, size_t at, LabelNumbers& numbers) const;
  void place(Slot slot) noexcept;
  const uint32_t* store(std::span<const uint32_t> pairs);

  Symbols symbols_;
  SetAliases aliases_;
  BatchAliases batches_;
  SeriesAges ages_;
  SegmentedVector<Series> series_;
  std::vector<Slot> slots_;
  PostingsMap postings_;
  std::unordered_map<uint32_t, std::vector<uint32_t>> values_;  // by name
  std::vector<std::unique_ptr<uint32_t[]>> blocks_;
  size_t block_left_ = 0;
  size_t block_bytes_ = 0;
  uint32_t* block_next_ = nullptr;
};

}  // namespace tarsier::samples
