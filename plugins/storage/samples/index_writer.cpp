#include "index_writer.hpp"

#include <algorithm>
#include <array>
#include <numeric>

#include "id_set_codec.hpp"

namespace tarsier::samples {
namespace {

// Before compression; small, so that a look-up reads little.
constexpr size_t kIndexBlockBytes = 8 << 10;
constexpr size_t kSeriesBlockBytes = 16 << 10;

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

void IndexWriter::add(Labels labels) {
  size_t shared = 0;
  while (shared < labels.size() && 2 * shared < before_.size() && symbols_.text(before_[2 * shared]) == labels[shared].first &&
         symbols_.text(before_[2 * shared + 1]) == labels[shared].second) {
    ++shared;
  }
  before_.resize(2 * shared);
  ByteWriter writer(series_);
  writer.varint(shared);
  writer.varint(labels.size() - shared);
  for (size_t i = shared; i < labels.size(); ++i) {
    before_.push_back(symbols_.intern(labels[i].first));
    before_.push_back(symbols_.intern(labels[i].second));
  }
  for (size_t i = 2 * shared; i < before_.size(); ++i) writer.varint(before_[i]);
  for (size_t i = 0; i < before_.size(); i += 2) (void)postings_.append(before_[i], before_[i + 1], count_);
  ++count_;
}

Result<void> IndexWriter::write(Sealer& sealer, PartitionInfo& info) {
  info.series = count_;
  info.symbols = symbols_.size();
  if (auto done = write_symbols(sealer); !done) return done;
  if (auto done = write_postings(sealer, info); !done) return done;
  return write_series(sealer);
}

Result<void> IndexWriter::append_packed(Sealer& sealer, std::string_view table, std::span<const uint8_t> key,
                                        std::vector<uint8_t>& block) {
  std::vector<uint8_t> packed;
  packer_.pack(block, packed);
  block.clear();
  return sealer.append(table, as_text(key), as_text(packed));
}

Result<void> IndexWriter::write_symbols(Sealer& sealer) {
  std::vector<uint32_t> order(symbols_.size());
  std::iota(order.begin(), order.end(), 0U);
  std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) { return symbols_.text(a) < symbols_.text(b); });
  rank_.resize(order.size());
  std::vector<uint8_t> block;
  uint32_t first = 0;
  for (uint32_t number = 0; number < order.size(); ++number) {
    rank_[order[number]] = number;
    ByteWriter(block).text(symbols_.text(order[number]));
    if (block.size() < kIndexBlockBytes && number + 1 < order.size()) continue;
    if (auto done = append_packed(sealer, kSymbolsTable, key_of(first), block); !done) return done;
    first = number + 1;
  }
  return {};
}

Result<void> IndexWriter::write_postings(Sealer& sealer, PartitionInfo& info) {
  struct Pair {
    uint32_t name, value;
    const IdSet* ids;
  };
  std::vector<Pair> pairs;
  pairs.reserve(postings_.size());
  postings_.each([&](uint32_t name, uint32_t value, const IdSet& ids) { pairs.push_back({rank_[name], rank_[value], &ids}); });
  std::sort(pairs.begin(), pairs.end(),
            [](const Pair& a, const Pair& b) { return a.name != b.name ? a.name < b.name : a.value < b.value; });
  info.label_pairs = pairs.size();
  std::vector<uint8_t> block, list;
  uint32_t first = 0, last = 0;  // values of the block
  for (size_t at = 0; at < pairs.size(); ++at) {
    const Pair& pair = pairs[at];
    if (block.empty()) first = last = pair.value;
    list.clear();
    ByteWriter list_writer(list);
    encode_ids(*pair.ids, list_writer);
    ByteWriter writer(block);
    writer.varint(pair.value - last);
    writer.varint(pair.ids->size());
    writer.varint(list.size());
    writer.bytes(list);
    last = pair.value;
    const bool name_ends = at + 1 == pairs.size() || pairs[at + 1].name != pair.name;
    if (info.names.empty() || info.names.back().symbol != pair.name) info.names.push_back({pair.name, 0});
    ++info.names.back().values;
    if (!name_ends && block.size() < kIndexBlockBytes) continue;
    if (auto done = append_packed(sealer, kPostingsTable, key_of(pair.name, first), block); !done) return done;
  }
  return {};
}

/// As they were kept, with the partition's symbols; the first of a block shares nothing.
Result<void> IndexWriter::write_series(Sealer& sealer) {
  std::vector<uint8_t> block;
  std::vector<uint32_t> labels;
  ByteReader in(series_);
  uint32_t first = 0;
  for (uint32_t id = 0; id < count_; ++id) {
    size_t shared = in.varint();
    const size_t fresh = in.varint();
    labels.resize(2 * shared);
    for (size_t i = 0; i < 2 * fresh; ++i) labels.push_back(rank_[in.varint()]);
    if (block.empty()) shared = 0;
    ByteWriter writer(block);
    writer.varint(shared);
    writer.varint(labels.size() / 2 - shared);
    for (size_t i = 2 * shared; i < labels.size(); ++i) writer.varint(labels[i]);
    if (block.size() < kSeriesBlockBytes && id + 1 < count_) continue;
    if (auto done = append_packed(sealer, kSeriesTable, key_of(first), block); !done) return done;
    first = id + 1;
  }
  return {};
}

}  // namespace tarsier::samples
