#include "series_table.hpp"

#include <algorithm>
#include <bit>
#include <ranges>

namespace tarsier::samples {

uint32_t SeriesTable::find(uint64_t hash, std::span<const uint32_t> pairs) const noexcept {
  if (slots_.empty()) return kNoSeries;
  const size_t mask = slots_.size() - 1;
  const auto tag = static_cast<uint32_t>(hash >> 32);
  for (size_t at = tag & mask; slots_[at].series != kNoSeries; at = (at + 1) & mask) {
    if (slots_[at].tag != tag) continue;
    const Series& series = series_[slots_[at].series];
    if (series.hash == hash && size_t{series.pair_count} * 2 == pairs.size() &&
        std::equal(pairs.begin(), pairs.end(), series.pairs)) {
      return slots_[at].series;
    }
  }
  return kNoSeries;
}

/// False when there is no such symbol. The text at the same place of the set before is often the same.
bool SeriesTable::number(std::string_view text, size_t at, LabelNumbers& numbers) const {
  uint32_t& symbol = numbers.symbols[at];
  if (symbol < symbols_.size() && symbols_.text(symbol) == text) return true;
  numbers.hashes[at] = hash_text(text);
  symbol = symbols_.find(text, numbers.hashes[at]);
  return symbol != kNoSymbol;
}

uint32_t SeriesTable::find(Labels labels, LabelNumbers& numbers) const {
  numbers.symbols.resize(labels.size() * 2, kNoSymbol);
  numbers.hashes.resize(labels.size() * 2);
  numbers.hash = kLabelHashSeed;
  bool known = true;
  for (size_t at = 0; const auto& [name, value] : labels) {
    const bool has_name = number(name, at, numbers);
    const bool has_value = number(value, at + 1, numbers);
    known = known && has_name && has_value;
    numbers.hash = fold_hash(numbers.hash, numbers.hashes[at], numbers.hashes[at + 1]);
    at += 2;
  }
  return known ? find(numbers.hash, numbers.symbols) : kNoSeries;
}

uint32_t SeriesTable::add(Labels labels, LabelNumbers& numbers, uint64_t ref) {
  const auto intern = [&](std::string_view text, size_t at) {
    if (numbers.symbols[at] == kNoSymbol) numbers.symbols[at] = symbols_.intern(text, numbers.hashes[at]);
  };
  for (size_t at = 0; const auto& [name, value] : labels) {
    intern(name, at);
    intern(value, at + 1);
    at += 2;
  }
  return add(numbers.hash, ref, numbers.symbols);
}

uint32_t SeriesTable::add(uint64_t hash, uint64_t ref, std::span<const uint32_t> pairs) {
  reserve(size() + 1);
  Series fresh;
  fresh.hash = hash;
  fresh.ref = ref;
  fresh.pairs = store(pairs);
  fresh.pair_count = static_cast<uint32_t>(pairs.size() / 2);
  fresh.metric = metric_of(pairs);
  const uint32_t series = series_.push_back(std::move(fresh));
  place({static_cast<uint32_t>(hash >> 32), series});
  for (size_t i = 0; i < pairs.size(); i += 2) {
    if (postings_.append(pairs[i], pairs[i + 1], series)) values_[pairs[i]].push_back(pairs[i + 1]);
  }
  return series;
}

uint32_t SeriesTable::find_ref(uint64_t ref) const noexcept {
  const auto ids = std::views::iota(uint32_t{0}, size());
  const auto found = std::ranges::lower_bound(ids, ref, {}, [&](uint32_t id) { return series_[id].ref; });
  return found == ids.end() || series_[*found].ref != ref ? kNoSeries : *found;
}

uint32_t SeriesTable::metric_of(std::span<const uint32_t> pairs) const noexcept {
  for (size_t i = 0; i < pairs.size(); i += 2) {
    if (symbols_.text(pairs[i]) == kMetricName) return static_cast<uint32_t>(symbols_.hash(pairs[i + 1]));
  }
  return 0;
}

void SeriesTable::labels(uint32_t series, std::vector<Label>& out) const {
  const Series& entry = series_[series];
  for (uint32_t pair = 0; pair < entry.pair_count; ++pair) {
    out.emplace_back(symbols_.text(entry.pairs[2 * pair]), symbols_.text(entry.pairs[2 * pair + 1]));
  }
}

Result<StoredSet> SeriesTable::postings(uint32_t name, uint32_t value) const {
  const IdSet* found = postings_.find(name, value);
  return found == nullptr ? StoredSet() : StoredSet(*found);
}

uint64_t SeriesTable::series_count(std::string_view name, std::string_view value) const {
  const IdSet* found = postings_.find(symbols_.find(name), symbols_.find(value));
  return found == nullptr ? 0 : found->size();
}

Result<void> SeriesTable::each_value(uint32_t name, const TextRange* range, const UseValue& use) const {
  for (const uint32_t value : values(name)) {
    if (range != nullptr && (symbols_.text(value) < range->low || symbols_.text(value) > range->high)) continue;
    auto more = use(value, StoredSet(*postings_.find(name, value)));
    if (!more) return std::move(more).error();
    if (!*more) break;
  }
  return {};
}

/// A value costs about as much as a series, and a union of many the bitmaps of all series besides.
bool SeriesTable::rather_series(uint32_t series, uint32_t name) const {
  constexpr uint64_t kSeriesPerBitmap = 128;
  return series < values(name).size() + kSeriesPerBitmap * (1 + size() / kContainerIds);
}

void SeriesTable::names(std::vector<uint32_t>& out) const {
  for (const auto& [name, values] : values_) out.push_back(name);
}

std::span<const uint32_t> SeriesTable::values(uint32_t name) const {
  const auto found = values_.find(name);
  return found == values_.end() ? std::span<const uint32_t>{} : std::span<const uint32_t>(found->second);
}

void SeriesTable::place(Slot slot) noexcept {
  const size_t mask = slots_.size() - 1;
  size_t at = slot.tag & mask;
  while (slots_[at].series != kNoSeries) at = (at + 1) & mask;
  slots_[at] = slot;
}

void SeriesTable::reserve(uint32_t series) {
  constexpr size_t kLeast = 256;
  const size_t wanted = std::bit_ceil(std::max(kLeast, size_t{series} * 5 / 4 + 1));
  if (wanted <= slots_.size()) return;
  std::vector<Slot> old(wanted);
  old.swap(slots_);
  for (const Slot& slot : old) {
    if (slot.series != kNoSeries) place(slot);
  }
}

void SeriesTable::prefetch(uint64_t hash, std::span<const uint32_t> pairs) const noexcept {
  if (!slots_.empty()) __builtin_prefetch(&slots_[(hash >> 32) & (slots_.size() - 1)]);
  for (size_t i = 0; i < pairs.size(); i += 2) postings_.prefetch(pairs[i], pairs[i + 1]);
}

const uint32_t* SeriesTable::store(std::span<const uint32_t> pairs) {
  constexpr size_t kSmallBlock = 1024;
  constexpr size_t kLargeBlock = 32768;
  if (pairs.size() > block_left_) {
    const size_t size = std::max(block_bytes_ < kLargeBlock * sizeof(uint32_t) ? kSmallBlock : kLargeBlock, pairs.size());
    blocks_.push_back(std::make_unique_for_overwrite<uint32_t[]>(size));
    block_next_ = blocks_.back().get();
    block_left_ = size;
    block_bytes_ += size * sizeof(uint32_t);
  }
  uint32_t* place = block_next_;
  std::copy(pairs.begin(), pairs.end(), place);
  block_next_ += pairs.size();
  block_left_ -= pairs.size();
  return place;
}

size_t SeriesTable::memory_bytes() const noexcept {
  return symbols_.memory_bytes() + aliases_.memory_bytes() + batches_.memory_bytes() + series_.bytes() +
         slots_.capacity() * sizeof(Slot) + postings_.memory_bytes() + block_bytes_;
}

}  // namespace tarsier::samples
