#include "series_chunks.hpp"

#include <algorithm>
#include <iterator>
#include <limits>

#include "chunk_decoder.hpp"

namespace tarsier::samples {
namespace {

constexpr uint32_t kChunkSamples = 120;
constexpr size_t kChunkBytes = 16384;  // histograms fill a chunk before the count does
constexpr int64_t kFirstTime = std::numeric_limits<int64_t>::min();
constexpr int64_t kLastTime = std::numeric_limits<int64_t>::max();

Columns decoded(const ChunkView& chunk) {
  Columns columns;
  if (auto result = decode_chunk(chunk, kFirstTime, kLastTime, columns); !result) bug("a chunk of the head does not decode");
  return columns;
}

}  // namespace

int64_t window_start(int64_t time, int64_t window) noexcept {
  const int64_t over = time % window;
  const int64_t begin_offset = over < 0 ? over + window : over;
  return time < kFirstTime + begin_offset ? kFirstTime : time - begin_offset;
}

int64_t window_last(int64_t time, int64_t window) noexcept {
  const int64_t over = time % window;
  const int64_t left = window - 1 - (over < 0 ? over + window : over);
  return time > kLastTime - left ? kLastTime : time + left;
}

std::vector<ChunkView>& SeriesChunks::closed() {
  if (closed_ == nullptr) closed_ = std::make_unique<std::vector<ChunkView>>();
  return *closed_;
}

void SeriesChunks::restore_newest(int64_t time, double value, bool is_float) {
  if (time <= newest()) return;
  close_open();
  open_.restore_last(time, value, is_float);
}

void SeriesChunks::forget_newest_value() {
  if (newest() == kNever || (!empty() && max_time() == newest())) return;
  open_.restore_last(newest(), 0, false);
}

Inserted SeriesChunks::insert(const Sample& sample, int64_t window) {
  if (sample.time > newest() || newest() == kNever) {
    append(sample, window);
    return Inserted::appended;
  }
  if (sample.time == newest() && sample.histogram.empty() && open_.last_was_float()) {
    const bool same = std::bit_cast<uint64_t>(sample.value) == std::bit_cast<uint64_t>(open_.last_value());
    return same ? Inserted::duplicate : Inserted::conflict;
  }
  close_open();
  return insert_between(sample, window);
}

void SeriesChunks::append(const Sample& sample, int64_t window) {
  const bool fits = open_.count() != 0 && open_.count() < kChunkSamples && open_.size_bytes() < kChunkBytes &&
                    sample.time <= window_last(open_.min_time(), window) && open_.takes(sample);
  if (!fits && !reopen(sample, window)) close_open();
  open_.append(sample);
}

/// After a sample out of order the newest chunk is a closed one, perhaps a short one: goes on with it. True when it did.
bool SeriesChunks::reopen(const Sample& sample, int64_t window) {
  if (open_.count() != 0 || closed_ == nullptr) return false;
  const ChunkView& newest = closed_->back();
  if (newest.count >= kChunkSamples || sample.time > window_last(newest.min_time, window)) return false;
  const Columns columns = decoded(newest);
  ChunkEncoder again;
  for (size_t row = 0; row < columns.size(); ++row) {
    if (!again.takes(columns.at(row))) return false;
    again.append(columns.at(row));
  }
  if (!again.takes(sample)) return false;
  open_ = std::move(again);
  closed_->pop_back();
  if (closed_->empty()) closed_.reset();
  return true;
}

void SeriesChunks::close_open() {
  if (open_.count() != 0) closed().push_back(open_.close());
}

Inserted SeriesChunks::insert_between(const Sample& sample, int64_t window) {
  std::vector<ChunkView>& chunks = closed();
  // The first chunk that begins after the sample; the one before it is where the sample lies or after which it comes.
  const auto after = std::upper_bound(chunks.begin(), chunks.end(), sample.time,
                                      [](int64_t time, const ChunkView& chunk) { return time < chunk.min_time; });
  const auto at = static_cast<size_t>(after - chunks.begin());
  if (at > 0 && sample.time <= chunks[at - 1].max_time) return merge_into(at - 1, sample);
  const int64_t begin = window_start(sample.time, window);
  const auto near = [&](size_t chunk) {
    return chunks[chunk].count < kChunkSamples && window_start(chunks[chunk].min_time, window) == begin;
  };
  if (at > 0 && near(at - 1)) return merge_into(at - 1, sample);
  if (at < chunks.size() && near(at)) return merge_into(at, sample);
  ChunkEncoder alone;
  alone.append(sample);
  chunks.insert(chunks.begin() + static_cast<ptrdiff_t>(at), alone.close());
  return Inserted::out_of_order;
}

Inserted SeriesChunks::merge_into(size_t at, const Sample& sample) {
  const Columns columns = decoded((*closed_)[at]);
  const auto place = std::lower_bound(columns.times.begin(), columns.times.end(), sample.time);
  const auto row = static_cast<size_t>(place - columns.times.begin());
  if (place != columns.times.end() && *place == sample.time) {
    return columns.at(row).same_value(sample) ? Inserted::duplicate : Inserted::conflict;
  }
  const size_t total = columns.size() + 1;
  const size_t each = total > kChunkSamples ? (total + 1) / 2 : total;
  std::vector<ChunkView> chunks;
  ChunkEncoder encoder;
  for (size_t i = 0; i < total; ++i) {
    const Sample next = i == row ? sample : columns.at(i < row ? i : i - 1);
    if (encoder.count() >= each || !encoder.takes(next)) chunks.push_back(encoder.close());
    encoder.append(next);
  }
  chunks.push_back(encoder.close());
  (*closed_)[at] = std::move(chunks.front());
  closed_->insert(closed_->begin() + static_cast<ptrdiff_t>(at) + 1, std::make_move_iterator(chunks.begin() + 1),
                  std::make_move_iterator(chunks.end()));
  return Inserted::out_of_order;
}

void SeriesChunks::views(int64_t start, int64_t end, std::vector<ChunkView>& out) const {
  if (closed_ != nullptr) {
    for (const ChunkView& chunk : *closed_) {
      if (chunk.min_time <= end && chunk.max_time >= start) out.push_back(chunk);
    }
  }
  if (open_.count() != 0 && open_.min_time() <= end && open_.max_time() >= start) out.push_back(open_.view());
}

void SeriesChunks::take(std::vector<ChunkView>& out) {
  if (closed_ != nullptr) {
    std::move(closed_->begin(), closed_->end(), std::back_inserter(out));
    closed_.reset();
  }
  if (open_.count() != 0) out.push_back(open_.release());
}

uint64_t SeriesChunks::sample_count() const noexcept {
  uint64_t count = open_.count();
  if (closed_ == nullptr) return count;
  for (const ChunkView& chunk : *closed_) count += chunk.count;
  return count;
}

size_t SeriesChunks::memory_bytes() const noexcept {
  size_t bytes = open_.capacity_bytes();
  if (closed_ == nullptr) return bytes;
  bytes += sizeof(*closed_) + closed_->capacity() * sizeof(ChunkView);
  for (const ChunkView& chunk : *closed_) bytes += size_t{chunk.buffer.capacity()} * 8;
  return bytes;
}

}  // namespace tarsier::samples
