#include "head.hpp"

#include <algorithm>

namespace tarsier::samples {

Inserted Head::insert(Series& series, const Sample& sample) {
  const Inserted inserted = series.chunks.insert(sample, window_);
  if (inserted == Inserted::appended || inserted == Inserted::out_of_order) {
    samples_.fetch_add(1, std::memory_order_relaxed);
    note_time(sample.time);
  }
  return inserted;
}

Result<HeadSelection> Head::select(std::span<const Matcher> matchers, int64_t start, int64_t end, bool labels_only) const {
  const std::shared_lock lock(mutex_);
  auto ids = match(*table_, matchers);
  if (!ids) return std::move(ids).error();
  HeadSelection selection{.table = table_, .items = {}, .views = {}};
  for (const uint32_t id : *ids) {
    const Series& series = (*table_)[id];
    if (!series.chunks.overlaps(start, end)) continue;
    const auto first = static_cast<uint32_t>(selection.views.size());
    if (!labels_only) series.chunks.views(start, end, selection.views);
    selection.items.push_back({series.hash, id, first, static_cast<uint32_t>(selection.views.size()) - first});
  }
  return selection;
}

bool Head::has_before(int64_t cutoff) const {
  const std::shared_lock lock(mutex_);
  for (uint32_t id = 0; id < table_->size(); ++id) {
    const SeriesChunks& chunks = (*table_)[id].chunks;
    if (!chunks.empty() && chunks.min_time() < cutoff) return true;
  }
  return false;
}

SealWork Head::begin_seal(int64_t cutoff) {
  const std::unique_lock lock(mutex_);
  SealWork work{.table = table_, .items = {}};
  for (uint32_t id = 0; id < table_->size(); ++id) {
    Series& series = (*table_)[id];
    if (series.chunks.empty()) continue;
    SealWork::Item item{.ref = series.ref, .series = id, .sealed = {}, .rest = {}};
    series.chunks.begin_seal(cutoff, item.sealed);
    series.chunks.views(cutoff, INT64_MAX, item.rest);
    work.items.push_back(std::move(item));
  }
  return work;
}

void Head::abandon_seal() {
  const std::unique_lock lock(mutex_);
  for (uint32_t id = 0; id < table_->size(); ++id) (*table_)[id].chunks.abandon_seal();
}

void Head::finish_seal() {
  const std::unique_lock lock(mutex_);
  uint64_t left = 0;
  for (uint32_t id = 0; id < table_->size(); ++id) {
    SeriesChunks& chunks = (*table_)[id].chunks;
    chunks.drop_sealed();
    left += chunks.sample_count();
  }
  samples_.store(left, std::memory_order_relaxed);
  forget_empty();
}

/// Makes another table of the series that still have samples; selections go on with the former one. Only when there is much to
/// gain, since series that pause come back.
void Head::forget_empty() {
  uint32_t empty = 0;
  for (uint32_t id = 0; id < table_->size(); ++id) empty += (*table_)[id].chunks.empty() ? 1 : 0;
  if (empty == 0 || empty * 4 < table_->size()) return;
  auto kept = std::make_shared<SeriesTable>();
  std::vector<Label> labels;
  for (uint32_t id = 0; id < table_->size(); ++id) {
    Series& series = (*table_)[id];
    if (series.chunks.empty()) continue;
    labels.clear();
    table_->labels(id, labels);
    Series& moved = (*kept)[kept->find_or_add(labels, series.ref)];
    moved.defined_in = series.defined_in;
    moved.chunks = std::move(series.chunks);
  }
  table_ = std::move(kept);
}

HeadStat Head::stat() const {
  const std::shared_lock lock(mutex_);
  HeadStat stat{
      .label_pairs = table_->pair_count(), .memory_bytes = table_->memory_bytes(), .min_time = INT64_MAX, .max_time = INT64_MIN};
  for (uint32_t id = 0; id < table_->size(); ++id) {
    const SeriesChunks& chunks = (*table_)[id].chunks;
    stat.memory_bytes += chunks.memory_bytes();
    if (chunks.empty()) continue;
    ++stat.series;
    stat.chunks += chunks.chunk_count();
    stat.min_time = std::min(stat.min_time, chunks.min_time());
    stat.max_time = std::max(stat.max_time, chunks.max_time());
  }
  stat.samples = sample_count();
  return stat;
}

}  // namespace tarsier::samples
