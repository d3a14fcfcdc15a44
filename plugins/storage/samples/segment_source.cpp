#include "segment_source.hpp"

namespace tarsier::samples {
namespace {

constexpr uint64_t kRunBytes = 64'000'000;  // in memory at once, as far as series are of about a size
constexpr uint64_t kSampleBytes = 16;       // a histogram's bytes come on top

}  // namespace

Result<std::unique_ptr<SegmentSource>> SegmentSource::open(const SeriesTable& table, const HeadSegments& segments,
                                                           DeletionList deletions) {
  std::unique_ptr<SegmentSource> source(new SegmentSource(table, std::move(deletions)));
  uint64_t bytes = 0;
  for (const auto& segment : segments) {
    auto reader = SegmentReader::open(segment);
    if (!reader) return std::move(reader).error();
    source->readers_.push_back(std::move(*reader));
    bytes += segment->info().samples * kSampleBytes + segment->info().histogram_bytes;
  }
  source->known_.resize(segments.size());
  source->sort();
  const uint64_t each = bytes / std::max<uint64_t>(table.size(), 1) + 1;
  source->run_length_ = static_cast<size_t>(std::max<uint64_t>(kRunBytes / each, 1));
  return source;
}

/// Ranks the texts that the series use first: one compare of texts each then, and numbers after it.
void SegmentSource::sort() {
  const Symbols& symbols = table_.symbols();
  std::vector<uint32_t> used, rank;
  for (uint32_t id = 0; id < table_.size(); ++id) {
    order_.push_back(id);
    for (const uint32_t symbol : table_.pairs(id)) {
      if (symbol >= rank.size()) rank.resize(size_t{symbol} + 1, kNoSymbol);
      if (std::exchange(rank[symbol], 0) == kNoSymbol) used.push_back(symbol);
    }
  }
  std::sort(used.begin(), used.end(), [&](uint32_t a, uint32_t b) { return symbols.text(a) < symbols.text(b); });
  for (uint32_t number = 0; number < used.size(); ++number) rank[used[number]] = number;
  std::sort(order_.begin(), order_.end(), [&](uint32_t a, uint32_t b) {
    const auto left = table_.pairs(a);
    const auto right = table_.pairs(b);
    return std::lexicographical_compare(left.begin(), left.end(), right.begin(), right.end(),
                                        [&](uint32_t x, uint32_t y) { return rank[x] < rank[y]; });
  });
}

void SegmentSource::find_deletions() {
  if (deletions_->empty()) return;
  run_deletions_.resize(run_.size());
  for (size_t i = 0; i < run_.size(); ++i) {
    labels_.clear();
    table_.labels(order_[next_ + i], labels_);
    run_deletions_[i].find(deletions_, labels_);
  }
}

Result<void> SegmentSource::read_run() {
  run_begin_ = next_;
  const size_t count = std::min(run_length_, order_.size() - next_);
  run_.resize(count);
  for (Columns& columns : run_) columns.clear();
  find_deletions();
  std::vector<std::pair<SeriesKey, size_t>> by_key;
  for (size_t i = 0; i < count; ++i) by_key.emplace_back(table_[order_[next_ + i]].key(), i);
  std::sort(by_key.begin(), by_key.end());
  for (size_t number = 0; number < readers_.size(); ++number) {
    SegmentReader& reader = readers_[number];
    for (const auto& [key, place] : by_key) {
      const size_t before = run_[place].size();
      if (auto read = reader.read(key, INT64_MIN, INT64_MAX, run_[place]); !read) {
        failed_ = reader.file();
        return read;
      }
      known_[number] += run_[place].size() == before ? 0 : 1;
      if (!run_deletions_.empty()) run_deletions_[place].drop(reader.file()->cover(), run_[place], before);
    }
  }
  return {};
}

void SegmentSource::note_unknown() const noexcept {
  for (size_t number = 0; number < readers_.size(); ++number) {
    HeadSegment& segment = *readers_[number].file();
    segment.note_unknown(segment.info().series - std::min(segment.info().series, known_[number]));
  }
}

Result<bool> SegmentSource::next() {
  if (next_ == order_.size()) return false;
  if (next_ == run_begin_ + run_.size() || run_.empty()) {
    if (auto read = read_run(); !read) return std::move(read).error();
  }
  labels_.clear();
  table_.labels(order_[next_++], labels_);
  return true;
}

Result<void> SegmentSource::samples(Columns& out) {
  Columns& columns = run_[next_ - 1 - run_begin_];
  columns.normalise();
  out.append(columns, 0, columns.size());
  return {};
}

}  // namespace tarsier::samples
