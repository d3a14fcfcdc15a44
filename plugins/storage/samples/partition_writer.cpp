#include "partition_writer.hpp"

#include <algorithm>
#include <array>

#include "chunk_decoder.hpp"

namespace tarsier::samples {
namespace {

// Before compression. Blocks of the index are small, so that a look-up reads little; blocks of samples large, so that they pack
// well.
constexpr size_t kIndexBlockBytes = 8 << 10;
constexpr size_t kSeriesBlockBytes = 16 << 10;
constexpr size_t kSampleBlockBytes = 64 << 10;

std::array<uint8_t, 4> key_of(uint32_t first) {
  std::array<uint8_t, 4> key{};
  put_be32(key.data(), first);
  return key;
}

std::array<uint8_t, 8> key_of(uint32_t name, uint32_t value) {
  std::array<uint8_t, 8> key{};
  put_be32(key.data(), name);
  put_be32(key.data() + 4, value);
  return key;
}

}  // namespace

Result<void> PartitionWriter::append_packed(Sealer& sealer, std::string_view table, std::span<const uint8_t> key,
                                            std::vector<uint8_t>& block) {
  std::vector<uint8_t> packed;
  packer_.pack(block, packed);
  block.clear();
  return sealer.append(table, as_text(key), as_text(packed));
}

/// Numbers the texts that the series use in their order, writes them, and sorts the series by their labels.
Result<void> PartitionWriter::write_symbols(Sealer& sealer, std::vector<SealedSeries>& series) {
  std::vector<uint32_t> used;
  rank_.clear();
  for (const SealedSeries& entry : series) {
    const Series& known = table_[entry.series];
    for (uint32_t i = 0; i < known.pair_count * 2; ++i) {
      if (known.pairs[i] >= rank_.size()) rank_.resize(size_t{known.pairs[i]} + 1, kNoSymbol);
      if (std::exchange(rank_[known.pairs[i]], 0) == kNoSymbol) used.push_back(known.pairs[i]);
    }
  }
  const Symbols& symbols = table_.symbols();
  std::sort(used.begin(), used.end(), [&](uint32_t a, uint32_t b) { return symbols.text(a) < symbols.text(b); });
  info_.symbols = used.size();
  std::vector<uint8_t> block;
  uint32_t first = 0;
  for (uint32_t number = 0; number < used.size(); ++number) {
    rank_[used[number]] = number;
    ByteWriter(block).text(symbols.text(used[number]));
    if (block.size() < kIndexBlockBytes && number + 1 < used.size()) continue;
    if (auto done = append_packed(sealer, kSymbolsTable, key_of(first), block); !done) return done;
    first = number + 1;
  }
  std::sort(series.begin(), series.end(), [&](const SealedSeries& a, const SealedSeries& b) {
    const Series& left = table_[a.series];
    const Series& right = table_[b.series];
    return std::lexicographical_compare(left.pairs, left.pairs + left.pair_count * 2, right.pairs,
                                        right.pairs + right.pair_count * 2,
                                        [&](uint32_t x, uint32_t y) { return rank_[x] < rank_[y]; });
  });
  return {};
}

Result<void> PartitionWriter::write_postings(Sealer& sealer, std::span<const SealedSeries> series) {
  std::vector<std::pair<uint64_t, uint32_t>> pairs;  // name and value, series
  for (uint32_t id = 0; id < series.size(); ++id) {
    const Series& known = table_[series[id].series];
    for (uint32_t i = 0; i < known.pair_count; ++i) {
      pairs.emplace_back(uint64_t{rank_[known.pairs[2 * i]]} << 32 | rank_[known.pairs[2 * i + 1]], id);
    }
  }
  std::sort(pairs.begin(), pairs.end());
  std::vector<uint8_t> block;
  SeriesIds ids;
  uint64_t first = 0, last_value = 0;
  for (size_t at = 0; at < pairs.size();) {
    const uint64_t pair = pairs[at].first;
    const auto name = static_cast<uint32_t>(pair >> 32);
    const auto value = static_cast<uint32_t>(pair);
    ids.clear();
    for (; at < pairs.size() && pairs[at].first == pair; ++at) ids.push_back(pairs[at].second);
    if (block.empty()) first = pair, last_value = value;
    ++info_.label_pairs;
    ByteWriter writer(block);
    std::vector<uint8_t> list;
    ByteWriter list_writer(list);
    encode_postings(ids, list_writer);
    writer.varint(value - last_value);
    writer.varint(ids.size());
    writer.varint(list.size());
    writer.bytes(list);
    last_value = value;
    const bool name_ends = at == pairs.size() || pairs[at].first >> 32 != name;
    if (name_ends) info_.names.push_back(name);
    if (!name_ends && block.size() < kIndexBlockBytes) continue;
    const auto key = key_of(static_cast<uint32_t>(first >> 32), static_cast<uint32_t>(first));
    if (auto done = append_packed(sealer, kPostingsTable, key, block); !done) return done;
  }
  return {};
}

/// A label set is written as how many pairs it shares with the one before, from the begin, and the pairs that follow.
Result<void> PartitionWriter::write_series(Sealer& sealer, std::span<const SealedSeries> series) {
  std::vector<uint8_t> block;
  std::vector<uint32_t> before, labels;
  uint32_t first = 0;
  for (uint32_t id = 0; id < series.size(); ++id) {
    const Series& known = table_[series[id].series];
    labels.clear();
    for (uint32_t i = 0; i < known.pair_count * 2; ++i) labels.push_back(rank_[known.pairs[i]]);
    size_t shared = 0;
    while (shared < labels.size() && shared < before.size() && labels[shared] == before[shared]) ++shared;
    shared &= ~size_t{1};
    ByteWriter writer(block);
    writer.varint(shared / 2);
    writer.varint((labels.size() - shared) / 2);
    for (size_t i = shared; i < labels.size(); ++i) writer.varint(labels[i]);
    before = labels;
    if (block.size() < kSeriesBlockBytes && id + 1 < series.size()) continue;
    if (auto done = append_packed(sealer, kSeriesTable, key_of(first), block); !done) return done;
    first = id + 1;
    before.clear();
  }
  return {};
}

Result<void> PartitionWriter::write_chunks(Sealer& sealer, std::span<const SealedSeries> series) {
  SampleBlockBuilder builder;
  Columns columns;
  std::vector<uint8_t> block;
  uint32_t first = 0;
  info_.min_time = INT64_MAX;
  info_.max_time = INT64_MIN;
  for (uint32_t id = 0; id < series.size(); ++id) {
    columns.clear();
    for (const ChunkView& chunk : series[id].chunks) {
      if (auto decoded = decode_chunk(chunk, INT64_MIN, INT64_MAX, columns); !decoded) return decoded;
    }
    columns.normalise();
    info_.samples += columns.size();
    info_.min_time = std::min(info_.min_time, columns.times.front());
    info_.max_time = std::max(info_.max_time, columns.times.back());
    builder.add(columns);
    if (builder.size_bytes() < kSampleBlockBytes && id + 1 < series.size()) continue;
    builder.encode(block);
    std::array<uint8_t, 12> key{};
    put_be64(key.data(), static_cast<uint64_t>(info_.window_start) ^ (uint64_t{1} << 63));
    put_be32(key.data() + 8, first);
    if (auto done = append_packed(sealer, kChunksTable, key, block); !done) return done;
    ++info_.blocks;
    first = id + 1;
  }
  return {};
}

Result<void> PartitionWriter::write(const std::string& name, int64_t window_start, std::vector<SealedSeries> series) {
  info_ = PartitionInfo{};
  info_.window_start = window_start;
  info_.series = series.size();
  auto sealer = seal(host_, name);
  if (!sealer) return std::move(sealer).error().in("seal " + name);
  const auto run = [&]() -> Result<void> {
    if (auto done = write_symbols(*sealer, series); !done) return done;
    if (auto done = write_postings(*sealer, series); !done) return done;
    if (auto done = write_series(*sealer, series); !done) return done;
    if (auto done = write_chunks(*sealer, series); !done) return done;
    std::vector<uint8_t> info;
    info_.encode(info);
    if (auto done = sealer->append(kInfoTable, kInfoTable, as_text(info)); !done) return done;
    return sealer->finish();
  };
  if (auto done = run(); !done) return std::move(done).error().in("seal " + name);
  return {};
}

}  // namespace tarsier::samples
