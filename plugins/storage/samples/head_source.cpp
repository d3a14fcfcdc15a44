#include "head_source.hpp"

#include "chunk_decoder.hpp"

namespace tarsier::samples {

HeadSource::HeadSource(const SeriesTable& table, std::vector<SealedSeries> series) : table_(table), series_(std::move(series)) {
  sort();
}

/// Ranks the texts that the series use first: one compare of texts each then, and numbers after it.
void HeadSource::sort() {
  const Symbols& symbols = table_.symbols();
  std::vector<uint32_t> used, rank;
  for (const SealedSeries& entry : series_) {
    const Series& known = table_[entry.series];
    for (uint32_t i = 0; i < known.pair_count * 2; ++i) {
      if (known.pairs[i] >= rank.size()) rank.resize(size_t{known.pairs[i]} + 1, kNoSymbol);
      if (std::exchange(rank[known.pairs[i]], 0) == kNoSymbol) used.push_back(known.pairs[i]);
    }
  }
  std::sort(used.begin(), used.end(), [&](uint32_t a, uint32_t b) { return symbols.text(a) < symbols.text(b); });
  for (uint32_t number = 0; number < used.size(); ++number) rank[used[number]] = number;
  std::sort(series_.begin(), series_.end(), [&](const SealedSeries& a, const SealedSeries& b) {
    const Series& left = table_[a.series];
    const Series& right = table_[b.series];
    return std::lexicographical_compare(left.pairs, left.pairs + left.pair_count * 2, right.pairs,
                                        right.pairs + right.pair_count * 2,
                                        [&](uint32_t x, uint32_t y) { return rank[x] < rank[y]; });
  });
}

Result<bool> HeadSource::next() {
  if (next_ == series_.size()) return false;
  labels_.clear();
  table_.labels(series_[next_++].series, labels_);
  return true;
}

Result<void> HeadSource::samples(Columns& out) {
  for (const ChunkView& chunk : series_[next_ - 1].chunks) {
    if (auto decoded = decode_chunk(chunk, INT64_MIN, INT64_MAX, out); !decoded) return decoded;
  }
  out.normalise();
  return {};
}

}  // namespace tarsier::samples
