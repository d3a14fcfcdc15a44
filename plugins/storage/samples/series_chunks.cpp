#include "series_chunks.hpp"

#include <algorithm>
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

Inserted SeriesChunks::insert(const Sample& sample, int64_t window) {
  if (empty() || sample.time > max_time()) {
    append(sample, window);
    return Inserted::appended;
  }
  if (open_.count() != 0 && sample.time == open_.max_time() && sample.histogram.empty() && open_.last_was_float()) {
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
  if (open_.count() != 0 || closed_.empty()) return false;
  const Closed& newest = closed_.back();
  if (newest.sealing || newest.view.count >= kChunkSamples || sample.time > window_last(newest.view.min_time, window)) return false;
  const Columns columns = decoded(newest.view);
  ChunkEncoder again;
  for (size_t row = 0; row < columns.size(); ++row) {
    if (!again.takes(columns.at(row))) return false;
    again.append(columns.at(row));
  }
  if (!again.takes(sample)) return false;
  open_ = std::move(again);
  closed_.pop_back();
  return true;
}

void SeriesChunks::close_open() {
  if (open_.count() != 0) closed_.push_back({open_.close()});
}

Inserted SeriesChunks::insert_between(const Sample& sample, int64_t window) {
  // The first chunk that begins after the sample; the one before it is where the sample lies or after which it comes.
  const auto after = std::upper_bound(closed_.begin(), closed_.end(), sample.time,
                                      [](int64_t time, const Closed& chunk) { return time < chunk.view.min_time; });
  const auto at = static_cast<size_t>(after - closed_.begin());
  if (at > 0 && sample.time <= closed_[at - 1].view.max_time) return merge_into(at - 1, sample);
  const int64_t begin = window_start(sample.time, window);
  const auto near = [&](size_t chunk) {
    return !closed_[chunk].sealing && closed_[chunk].view.count < kChunkSamples &&
           window_start(closed_[chunk].view.min_time, window) == begin;
  };
  if (at > 0 && near(at - 1)) return merge_into(at - 1, sample);
  if (at < closed_.size() && near(at)) return merge_into(at, sample);
  ChunkEncoder alone;
  alone.append(sample);
  closed_.insert(closed_.begin() + static_cast<ptrdiff_t>(at), Closed{alone.close()});
  return Inserted::out_of_order;
}

Inserted SeriesChunks::merge_into(size_t at, const Sample& sample) {
  const Columns columns = decoded(closed_[at].view);
  const auto place = std::lower_bound(columns.times.begin(), columns.times.end(), sample.time);
  const auto row = static_cast<size_t>(place - columns.times.begin());
  if (place != columns.times.end() && *place == sample.time) {
    return columns.at(row).same_value(sample) ? Inserted::duplicate : Inserted::conflict;
  }
  const size_t total = columns.size() + 1;
  const size_t each = total > kChunkSamples ? (total + 1) / 2 : total;
  std::vector<Closed> chunks;
  ChunkEncoder encoder;
  for (size_t i = 0; i < total; ++i) {
    const Sample next = i == row ? sample : columns.at(i < row ? i : i - 1);
    if (encoder.count() >= each || !encoder.takes(next)) chunks.push_back({encoder.close()});
    encoder.append(next);
  }
  chunks.push_back({encoder.close()});
  closed_[at] = std::move(chunks.front());
  closed_.insert(closed_.begin() + static_cast<ptrdiff_t>(at) + 1, std::make_move_iterator(chunks.begin() + 1),
                 std::make_move_iterator(chunks.end()));
  return Inserted::out_of_order;
}

bool SeriesChunks::overlaps(int64_t start, int64_t end) const noexcept {
  if (open_.count() != 0 && open_.min_time() <= end && open_.max_time() >= start) return true;
  return std::any_of(closed_.begin(), closed_.end(),
                     [&](const Closed& chunk) { return chunk.view.min_time <= end && chunk.view.max_time >= start; });
}

void SeriesChunks::views(int64_t start, int64_t end, std::vector<ChunkView>& out) const {
  for (const Closed& chunk : closed_) {
    if (chunk.view.min_time <= end && chunk.view.max_time >= start) out.push_back(chunk.view);
  }
  if (open_.count() != 0 && open_.min_time() <= end && open_.max_time() >= start) out.push_back(open_.view());
}

void SeriesChunks::begin_seal(int64_t cutoff, std::vector<ChunkView>& out) {
  if (open_.count() != 0 && open_.max_time() < cutoff) close_open();
  for (Closed& chunk : closed_) {
    if (chunk.view.max_time >= cutoff) break;
    chunk.sealing = true;
    out.push_back(chunk.view);
  }
}

void SeriesChunks::drop_sealed() {
  std::erase_if(closed_, [](const Closed& chunk) { return chunk.sealing; });
  closed_.shrink_to_fit();
}

void SeriesChunks::abandon_seal() noexcept {
  for (Closed& chunk : closed_) chunk.sealing = false;
}

uint64_t SeriesChunks::sample_count() const noexcept {
  uint64_t count = open_.count();
  for (const Closed& chunk : closed_) count += chunk.view.count;
  return count;
}

size_t SeriesChunks::memory_bytes() const noexcept {
  size_t bytes = open_.capacity_bytes() + closed_.capacity() * sizeof(Closed);
  for (const Closed& chunk : closed_) bytes += size_t{chunk.view.buffer.capacity()} * 8;
  return bytes;
}

}  // namespace tarsier::samples
