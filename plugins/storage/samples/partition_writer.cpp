#include "partition_writer.hpp"

#include <algorithm>
#include <array>

#include "series_chunks.hpp"

namespace tarsier::samples {
namespace {

constexpr size_t kSampleBlockBytes = 64 << 10;  // before compression
constexpr size_t kMostSeriesOfGroup = 1024;     // of series without much data

}  // namespace

/// Cuts the columns of the next series into the slots of time. A block lists every series of its group, so what came before in the
/// group is filled up with empty ones.
void PartitionWriter::add(const Columns& columns) {
  const uint32_t place = index_.series_count() - group_;
  for (size_t begin = 0; begin < columns.size();) {
    const int64_t slot = window_start(columns.times[begin], slot_);
    const int64_t last = window_last(columns.times[begin], slot_);
    const auto end = static_cast<size_t>(
        std::upper_bound(columns.times.begin() + static_cast<ptrdiff_t>(begin), columns.times.end(), last) - columns.times.begin());
    part_.clear();
    const bool whole = begin == 0 && end == columns.size();
    for (size_t row = begin; row < end && !whole; ++row) part_.append(columns.at(row));
    Blocks& blocks = blocks_[slot];
    const auto put = [&](const Columns& series) {
      blocks.samples.add(series);
      if (is_tier()) blocks.summaries.add(series);
    };
    while (blocks.samples.series_count() < place) put({});
    put(whole ? columns : part_);
    begin = end;
  }
}

Result<void> PartitionWriter::end_group(Sealer& sealer) {
  std::vector<uint8_t> bytes;
  std::array<uint8_t, 12> key{};
  put_be32(key.data(), group_);
  for (auto& [slot, blocks] : blocks_) {
    put_be64(key.data() + 4, static_cast<uint64_t>(slot) ^ (uint64_t{1} << 63));
    bytes.clear();
    blocks.samples.encode(packer_, bytes);
    if (auto done = sealer.append(kChunksTable, as_text(key), as_text(bytes)); !done) return done;
    ++info_.blocks;
    for (size_t column = 0; is_tier() && column < kSummaryColumns; ++column) {
      bytes.clear();
      blocks.summaries.encode(column, packer_, bytes);
      if (auto done = sealer.append(kSummaryTables[column], as_text(key), as_text(bytes)); !done) return done;
    }
  }
  blocks_.clear();
  groups_.push_back(group_);
  group_ = index_.series_count();
  return {};
}

Result<bool> PartitionWriter::write_all(Sealer& sealer, SeriesSource& source) {
  info_.min_time = INT64_MAX;
  info_.max_time = INT64_MIN;
  while (true) {
    auto more = source.next();
    if (!more) return std::move(more).error();
    if (!*more) break;
    columns_.clear();
    if (auto read = source.samples(columns_); !read) return std::move(read).error();
    if (columns_.empty()) continue;
    info_.samples += columns_.size();
    info_.min_time = std::min(info_.min_time, columns_.times.front());
    info_.max_time = std::max(info_.max_time, columns_.times.back());
    add(columns_);
    index_.add(source.labels());
    const bool full = std::any_of(blocks_.begin(), blocks_.end(), [](const auto& slot) {
      const Blocks& blocks = slot.second;
      return std::max(blocks.samples.size_bytes(), blocks.summaries.size_bytes()) >= kSampleBlockBytes;
    });
    if (!full && index_.series_count() - group_ < kMostSeriesOfGroup) continue;
    if (auto done = end_group(sealer); !done) return std::move(done).error();
  }
  if (info_.samples == 0) return false;
  if (auto done = write_head(sealer); !done) return std::move(done).error();
  return true;
}

Result<void> PartitionWriter::write_head(Sealer& sealer) {
  if (!blocks_.empty()) {
    if (auto done = end_group(sealer); !done) return done;
  }
  if (auto done = index_.write(sealer, info_); !done) return done;
  std::vector<uint8_t> bytes;
  encode_groups(groups_, bytes);
  if (auto done = sealer.append(kInfoTable, kGroupsKey, as_text(bytes)); !done) return done;
  bytes.clear();
  info_.encode(bytes);
  return sealer.append(kInfoTable, kInfoKey, as_text(bytes));
}

Result<bool> PartitionWriter::write(const Cover& cover, SeriesSource& source) {
  info_ = PartitionInfo{};
  info_.cover = cover;
  info_.slot_ns = slot_;
  index_ = IndexWriter(level_);
  blocks_.clear();
  groups_.clear();
  group_ = 0;
  const std::string name = partition_name(cover);
  auto sealer = seal_anew(host_, name);
  if (!sealer) return std::move(sealer).error().in("seal " + name);
  auto any = write_all(*sealer, source);
  if (!any) return std::move(any).error().in("seal " + name);
  if (!*any) return false;
  if (auto done = sealer->finish(); !done) return std::move(done).error().in("seal " + name);
  return true;
}

}  // namespace tarsier::samples
