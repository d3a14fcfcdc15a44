#include "head.hpp"

#include <algorithm>

#include "chunk_decoder.hpp"

namespace tarsier::samples {

void Head::count_inserted() noexcept {
  samples_.fetch_add(std::exchange(uncounted_, 0), std::memory_order_relaxed);
  note_time(uncounted_max_);
}

Result<void> Head::adopt(Series& series, SeriesChunks chunks) {
  if (series.chunks.empty() && series.chunks.newest() == SeriesChunks::kNever) {
    uncounted_ += chunks.sample_count();
    uncounted_max_ = std::max(uncounted_max_, chunks.newest());
    series.chunks = std::move(chunks);
    return {};
  }
  std::vector<ChunkView> views;
  chunks.take(views);
  Columns columns;
  for (const ChunkView& view : views) {
    if (auto decoded = decode_chunk(view, INT64_MIN, INT64_MAX, columns); !decoded) return decoded;
  }
  for (size_t row = 0; row < columns.size(); ++row) (void)insert(series, columns.at(row));
  return {};
}

namespace {

/// As their samples lie in segments, where any are to be read.
void sort_by_key(std::vector<HeadSelection::Item>& items) {
  if (std::all_of(items.begin(), items.end(), [](const auto& item) { return item.newest.has_value(); })) return;
  const auto by_key = [](const HeadSelection::Item& a, const HeadSelection::Item& b) { return a.key < b.key; };
  if (!std::is_sorted(items.begin(), items.end(), by_key)) std::sort(items.begin(), items.end(), by_key);
}

}  // namespace

Result<HeadSelection> Head::select(std::span<const Matcher> matchers, const QueryRange& range) const {
  const std::shared_lock lock(mutex_);
  auto ids = match(*table_, matchers);
  if (!ids) return std::move(ids).error();
  const bool wanted = range.newest_only && newest_known_;
  const int64_t removed_until = removed_until_.load(std::memory_order_relaxed);
  HeadSelection selection{.table = table_, .frozen = frozen_, .items = {}, .views = {}};
  selection.items.reserve(ids->size());
  for (const uint32_t id : *ids) {
    const Series& series = (*table_)[id];
    const int64_t newest = series.chunks.newest();
    if (has_ended(series, range.start)) continue;
    HeadSelection::Item item{.hash = series.hash, .key = series.key(), .series = id, .newest_time = newest, .newest = {}};
    item.first_view = static_cast<uint32_t>(selection.views.size());
    if (wanted && newest <= range.end && newest > removed_until) item.newest = series.chunks.newest_value();
    if (!item.newest) series.chunks.views(range.start, range.end, selection.views);
    item.view_count = static_cast<uint32_t>(selection.views.size()) - item.first_view;
    selection.items.push_back(item);
  }
  sort_by_key(selection.items);
  return selection;
}

/// Nothing of it lies at or after that time.
bool Head::has_ended(const Series& series, int64_t start) const noexcept {
  const int64_t newest = series.chunks.newest();
  return newest < start && newest != SeriesChunks::kNever && newest_known_;
}

/// By chunks: the samples of one may lie around the range.
bool Head::has_in_memory(const Series& series, const QueryRange& range) const noexcept {
  const SeriesChunks& chunks = series.chunks;
  if (!chunks.empty() && chunks.min_time() <= range.end && chunks.max_time() >= range.start) return true;
  if (frozen_ == nullptr) return false;
  const auto views = frozen_->find(series.key());
  return std::any_of(views.begin(), views.end(),
                     [&](const ChunkView& chunk) { return chunk.min_time <= range.end && chunk.max_time >= range.start; });
}

Result<IdSet> Head::live_locked(std::span<const Matcher> matchers, const QueryRange& range, bool in_segments, uint64_t most) const {
  auto ids = match(*table_, matchers);
  if (!ids) return ids;
  IdSet live;
  for (const uint32_t id : *ids) {
    const Series& series = (*table_)[id];
    if (in_segments ? has_ended(series, range.start) : !has_in_memory(series, range)) continue;
    live.append(id);
    if (live.size() == most) break;
  }
  return live;
}

Result<IdSet> Head::live(std::span<const Matcher> matchers, const QueryRange& range, bool in_segments, uint64_t most,
                         std::shared_ptr<const SeriesTable>& table) const {
  const std::shared_lock lock(mutex_);
  table = table_;
  return live_locked(matchers, range, in_segments, most);
}

Result<void> Head::list(std::span<const Matcher> matchers, const QueryRange& range, bool in_segments, const ListLabels& list,
                        const UseSymbol& use, std::shared_ptr<const SeriesTable>& table) const {
  const std::shared_lock lock(mutex_);
  table = table_;
  if (matchers.empty() && in_segments) return list(*table_, nullptr, use);
  auto live = live_locked(matchers, range, in_segments, 0);
  if (!live) return std::move(live).error();
  return list(*table_, &*live, use);
}

bool Head::has_before(int64_t cutoff) const {
  const std::shared_lock lock(mutex_);
  for (uint32_t id = 0; id < table_->size(); ++id) {
    const SeriesChunks& chunks = (*table_)[id].chunks;
    if (!chunks.empty() && chunks.min_time() < cutoff) return true;
  }
  return false;
}

std::shared_ptr<const FrozenChunks> Head::freeze() {
  const std::unique_lock lock(mutex_);
  auto frozen = std::make_shared<FrozenChunks>();
  frozen->reserve(table_->size());
  for (uint32_t id = 0; id < table_->size(); ++id) {
    Series& series = (*table_)[id];
    if (series.chunks.empty()) continue;
    const auto first = static_cast<uint32_t>(frozen->views().size());
    series.chunks.take(frozen->views());
    frozen->add(series.key(), first, static_cast<uint32_t>(frozen->views().size()) - first);
  }
  frozen->sort();
  samples_.store(0, std::memory_order_relaxed);
  frozen_ = std::move(frozen);
  return frozen_;
}

std::shared_ptr<const FrozenChunks> Head::frozen() const {
  const std::shared_lock lock(mutex_);
  return frozen_;
}

void Head::drop_frozen() {
  std::shared_ptr<const FrozenChunks> dropped;  // freed without the lock
  const std::unique_lock lock(mutex_);
  dropped = std::move(frozen_);
}

/// Makes another table of the series that stay; selections go on with the former one. Unless others need their place only when
/// there is much to gain, since series that pause come back.
bool Head::forget_before(int64_t cutoff) {
  const std::unique_lock lock(mutex_);
  const auto ended = [&](const Series& series) { return series.chunks.empty() && series.chunks.newest() < cutoff; };
  uint32_t gone = 0;
  for (uint32_t id = 0; id < table_->size(); ++id) gone += ended((*table_)[id]) ? 1 : 0;
  if (gone == 0 || (gone * 4 < table_->size() && !room_wanted_)) return false;
  room_wanted_ = false;
  auto kept = std::make_shared<SeriesTable>();
  std::vector<Label> labels;
  LabelNumbers numbers;
  std::vector<uint32_t> stay;
  for (uint32_t id = 0; id < table_->size(); ++id) {
    Series& series = (*table_)[id];
    if (ended(series)) continue;
    stay.push_back(id);
    labels.clear();
    table_->labels(id, labels);
    (void)kept->find(labels, numbers);  // for the numbers: each series is there once
    Series& moved = (*kept)[kept->add(labels, numbers, series.ref)];
    moved.defined_in = series.defined_in;
    moved.chunks = std::move(series.chunks);
  }
  kept->ages() = table_->ages().renumbered(
      [&](uint32_t first) { return static_cast<uint32_t>(std::lower_bound(stay.begin(), stay.end(), first) - stay.begin()); });
  table_ = std::move(kept);
  return true;
}

HeadStat Head::stat() const {
  const std::shared_lock lock(mutex_);
  HeadStat stat{.series = table_->size(),
                .label_pairs = table_->pair_count(),
                .samples = sample_count(),
                .memory_bytes = table_->memory_bytes(),
                .min_time = INT64_MAX,
                .max_time = INT64_MIN};
  for (uint32_t id = 0; id < table_->size(); ++id) {
    const SeriesChunks& chunks = (*table_)[id].chunks;
    stat.memory_bytes += chunks.memory_bytes();
    if (chunks.empty()) continue;
    stat.chunks += chunks.chunk_count();
    stat.min_time = std::min(stat.min_time, chunks.min_time());
    stat.max_time = std::max(stat.max_time, chunks.max_time());
  }
  if (frozen_ == nullptr) return stat;
  for (const FrozenChunks::Item& item : frozen_->items()) {
    for (const ChunkView& chunk : frozen_->chunks(item)) {
      ++stat.chunks;
      stat.samples += chunk.count;
      stat.memory_bytes += sizeof(ChunkView) + size_t{chunk.buffer.capacity()} * 8;
      stat.min_time = std::min(stat.min_time, chunk.min_time);
      stat.max_time = std::max(stat.max_time, chunk.max_time);
    }
  }
  return stat;
}

}  // namespace tarsier::samples
