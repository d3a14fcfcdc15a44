#include "partition_index.hpp"

#include <algorithm>
#include <array>

#include "symbols.hpp"

namespace tarsier::samples {
namespace {

constexpr size_t kMostSeriesBlocks = 64;  // unpacked at once: who asks goes through the series in order

}  // namespace

Result<Entry> seek_block(Cursor& cursor, std::span<const uint8_t> wanted) {
  auto found = cursor.seek(as_text(wanted));
  if (found && found->key == as_text(wanted)) return found;
  if (!found && found.error().code() != TARSIER_NOT_FOUND) return found;
  return found ? cursor.previous() : cursor.last();
}

Result<std::unique_ptr<PartitionIndex>> PartitionIndex::open(std::shared_ptr<Partition> partition) {
  auto snapshot = partition->env().read();
  if (!snapshot) return std::move(snapshot).error().in("read " + partition->name());
  return std::unique_ptr<PartitionIndex>(new PartitionIndex(std::move(partition), std::move(*snapshot)));
}

Error PartitionIndex::corrupt(std::string_view what) const {
  return {TARSIER_CORRUPT, partition_->name() + ": " + std::string(what)};
}

Result<const PartitionIndex::SymbolBlock*> PartitionIndex::symbol_block(uint32_t symbol, uint32_t& first) const {
  auto known = symbol_blocks_.upper_bound(symbol);
  if (known != symbol_blocks_.begin()) {
    --known;
    first = known->first;
    if (symbol - first < known->second.texts.size()) return &known->second;
  }
  auto cursor = snapshot_.cursor(kSymbolsTable);
  if (!cursor) return std::move(cursor).error();
  std::array<uint8_t, 4> key{};
  put_be32(key.data(), symbol);
  auto entry = seek_block(*cursor, key);
  if (!entry) return corrupt("no symbol " + std::to_string(symbol) + ": " + entry.error().message());
  if (entry->key.size() != 4) return corrupt("a key of the symbols is malformed");
  first = get_be32(as_bytes(entry->key).data());
  SymbolBlock block;
  if (auto unpacked = unpacker_.unpack(as_bytes(entry->value), block.bytes); !unpacked) return corrupt(unpacked.error().message());
  ByteReader in(block.bytes);
  while (in.ok() && !in.at_end()) block.texts.push_back(in.text());
  if (!in.ok() || symbol - first >= block.texts.size()) return corrupt("block of symbols is malformed");
  return &symbol_blocks_.insert_or_assign(first, std::move(block)).first->second;
}

Result<std::string_view> PartitionIndex::text(uint32_t symbol) const {
  uint32_t first = 0;
  auto block = symbol_block(symbol, first);
  if (!block) return std::move(block).error();
  return (*block)->texts[symbol - first];
}

Result<uint32_t> PartitionIndex::find_symbol(std::string_view text, bool lower) const {
  auto low = uint32_t{0};
  auto high = static_cast<uint32_t>(partition_->info().symbols);
  while (low < high) {
    uint32_t first = 0;
    auto block = symbol_block(low + (high - low) / 2, first);
    if (!block) return std::move(block).error();
    const auto& texts = (*block)->texts;
    if (text < texts.front()) {
      high = first;
      if (low == high) break;
    } else if (text > texts.back()) {
      low = first + static_cast<uint32_t>(texts.size());
    } else {
      const auto at = std::lower_bound(texts.begin(), texts.end(), text);
      if (!lower && *at != text) return kNoSymbol;
      return first + static_cast<uint32_t>(at - texts.begin());
    }
  }
  return lower ? low : kNoSymbol;
}

Result<void> PartitionIndex::each_entry(uint32_t name, uint32_t from, uint32_t last,
                                        const std::function<Result<bool>(const ValueEntry&)>& use) const {
  auto cursor = snapshot_.cursor(kPostingsTable);
  if (!cursor) return std::move(cursor).error();
  std::array<uint8_t, 8> key{};
  put_be32(key.data(), name);
  put_be32(key.data() + 4, from);
  auto entry = seek_block(*cursor, key);
  if (!entry && entry.error().code() == TARSIER_NOT_FOUND) entry = cursor->seek(as_text(key));  // the first block begins above
  std::vector<uint8_t> block;
  while (true) {
    if (!entry && entry.error().code() == TARSIER_NOT_FOUND) return {};
    if (!entry) return corrupt("postings: " + entry.error().message());
    if (entry->key.size() != 8) return corrupt("a key of the postings is malformed");
    const uint32_t block_name = get_be32(as_bytes(entry->key).data());
    if (block_name > name) return {};
    if (block_name == name) {
      if (auto unpacked = unpacker_.unpack(as_bytes(entry->value), block); !unpacked) return corrupt(unpacked.error().message());
      ByteReader in(block);
      uint64_t value = get_be32(as_bytes(entry->key).data() + 4);
      while (!in.at_end()) {
        value += in.varint();
        ValueEntry found{.value = static_cast<uint32_t>(value), .count = in.varint(), .list = {}};
        found.list = in.bytes(in.varint());
        if (!in.ok() || value >= partition_->info().symbols) return corrupt("block of postings is malformed");
        if (found.value < from) continue;
        if (found.value > last) return {};
        auto more = use(found);
        if (!more) return std::move(more).error();
        if (!*more) return {};
      }
    }
    entry = cursor->next();
  }
}

StoredSet PartitionIndex::stored(const ValueEntry& entry, std::span<const uint8_t> list) const {
  return {list, entry.count, series_count(), partition_->name()};
}

Result<StoredSet> PartitionIndex::postings(uint32_t name, uint32_t value) const {
  StoredSet found;
  auto done = each_entry(name, value, value, [&](const ValueEntry& entry) -> Result<bool> {
    found = stored(entry, lists_.emplace_back(entry.list.begin(), entry.list.end()));
    return false;
  });
  if (!done) return std::move(done).error();
  return found;
}

Result<void> PartitionIndex::each_value(uint32_t name, const TextRange* range, const UseValue& use) const {
  auto from = range == nullptr ? Result<uint32_t>(0U) : find_symbol(range->low, true);
  if (!from) return std::move(from).error();
  auto last = range == nullptr ? Result<uint32_t>(kNoSymbol) : find_symbol(range->high, true);
  if (!last) return std::move(last).error();
  return each_entry(name, *from, *last, [&](const ValueEntry& entry) { return use(entry.value, stored(entry, entry.list)); });
}

/// Series that match often share blocks, which are unpacked once.
bool PartitionIndex::rather_series(uint32_t series, uint32_t name) const {
  constexpr uint64_t kValuesPerSeries = 8;
  const auto& names = partition_->info().names;
  const auto found = std::ranges::lower_bound(names, name, {}, &LabelName::symbol);
  return found != names.end() && found->symbol == name && series * kValuesPerSeries < found->values;
}

Result<const PartitionIndex::SeriesBlock*> PartitionIndex::series_block(uint32_t series, uint32_t& first) const {
  auto known = series_blocks_.upper_bound(series);
  if (known != series_blocks_.begin()) {
    --known;
    first = known->first;
    if (series - first < known->second.ends.size()) return &known->second;
  }
  auto cursor = snapshot_.cursor(kSeriesTable);
  if (!cursor) return std::move(cursor).error();
  std::array<uint8_t, 4> key{};
  put_be32(key.data(), series);
  auto entry = seek_block(*cursor, key);
  if (!entry) return corrupt("no series " + std::to_string(series) + ": " + entry.error().message());
  if (entry->key.size() != 4) return corrupt("a key of the series is malformed");
  first = get_be32(as_bytes(entry->key).data());
  std::vector<uint8_t> bytes;
  if (auto unpacked = unpacker_.unpack(as_bytes(entry->value), bytes); !unpacked) return corrupt(unpacked.error().message());
  SeriesBlock block;
  ByteReader in(bytes);
  size_t begin = 0;
  while (in.ok() && !in.at_end()) {
    const uint64_t shared = in.varint() * 2;
    const uint64_t fresh = in.count(2);
    const size_t before = block.pairs.size();
    if (shared > before - begin) return corrupt("block of series is malformed");
    for (size_t i = 0; i < shared; ++i) block.pairs.push_back(block.pairs[begin + i]);
    for (uint64_t i = 0; i < fresh * 2; ++i) block.pairs.push_back(static_cast<uint32_t>(in.count(0)));
    block.ends.push_back(static_cast<uint32_t>(block.pairs.size()));
    begin = before;
  }
  if (!in.ok() || series - first >= block.ends.size()) return corrupt("block of series is malformed");
  if (series_blocks_.size() >= kMostSeriesBlocks) series_blocks_.clear();
  return &series_blocks_.insert_or_assign(first, std::move(block)).first->second;
}

Result<std::span<const uint32_t>> PartitionIndex::pairs_of(uint32_t series) const {
  uint32_t first = 0;
  auto block = series_block(series, first);
  if (!block) return std::move(block).error();
  const uint32_t at = series - first, begin = at == 0 ? 0 : (*block)->ends[at - 1];
  return std::span<const uint32_t>((*block)->pairs).subspan(begin, (*block)->ends[at] - begin);
}

Result<void> PartitionIndex::labels(uint32_t series, std::vector<Label>& out) const {
  auto pairs = pairs_of(series);
  if (!pairs) return std::move(pairs).error();
  for (size_t i = 0; i < pairs->size(); i += 2) {
    auto name = text((*pairs)[i]);
    if (!name) return std::move(name).error();
    auto value = text((*pairs)[i + 1]);
    if (!value) return std::move(value).error();
    out.emplace_back(*name, *value);
  }
  return {};
}

void PartitionIndex::names(std::vector<uint32_t>& out) const {
  for (const LabelName& name : partition_->info().names) out.push_back(name.symbol);
}

}  // namespace tarsier::samples
