#include "partition_samples.hpp"

#include <algorithm>
#include <array>

#include "series_chunks.hpp"

namespace tarsier::samples {

Result<PartitionSamples> PartitionSamples::open(const Partition& partition, int64_t start, int64_t end) {
  auto snapshot = partition.env().read();
  if (!snapshot) return std::move(snapshot).error().in("read " + partition.name());
  return PartitionSamples(partition, std::move(*snapshot), start, end);
}

Result<void> PartitionSamples::load(std::string_view key, std::string_view value) {
  if (used_ == blocks_.size()) blocks_.emplace_back();
  // The value stays where it is as long as the snapshot does.
  if (auto opened = blocks_[used_].open(as_bytes(value), unpacker_); !opened) return opened;
  if (partition_->info().cover.tier_ns != 0) {
    if (used_ == summaries_.size()) summaries_.emplace_back();
    if (auto opened = summaries_[used_].open(snapshot_, key, unpacker_); !opened) return opened;
  }
  ++used_;
  return {};
}

Result<void> PartitionSamples::load_group(uint32_t series) {
  const auto groups = partition_->groups();
  if (series >= partition_->info().series) return Error{TARSIER_CORRUPT, "there is no series " + std::to_string(series)};
  const auto next = std::upper_bound(groups.begin(), groups.end(), series);
  first_ = last_ = *std::prev(next);
  used_ = 0;
  auto cursor = snapshot_.cursor(kChunksTable);
  if (!cursor) return std::move(cursor).error();
  constexpr uint64_t kSign = uint64_t{1} << 63;
  std::array<uint8_t, 12> key{};
  put_be32(key.data(), first_);
  put_be64(key.data() + 4, static_cast<uint64_t>(window_start(start_, partition_->info().slot_ns)) ^ kSign);
  auto entry = cursor->seek(as_text(key));
  while (entry) {
    const auto found = as_bytes(entry->key);
    if (found.size() != key.size()) return Error{TARSIER_CORRUPT, "a key of the chunks is malformed"};
    if (get_be32(found.data()) != first_ || static_cast<int64_t>(get_be64(found.data() + 4) ^ kSign) > end_) break;
    if (auto loaded = load(entry->key, entry->value); !loaded) return loaded;
    entry = cursor->next();
  }
  if (!entry && entry.error().code() != TARSIER_NOT_FOUND) return std::move(entry).error();
  last_ = next == groups.end() ? static_cast<uint32_t>(partition_->info().series) : *next;
  return {};
}

Result<void> PartitionSamples::read_block(size_t block, uint32_t series, Columns& out) {
  SampleBlock& samples = blocks_[block];
  if (auto read = samples.read(series, start_, end_, out); !read) return read;
  if (partition_->info().cover.tier_ns == 0) return {};
  const auto rows = samples.rows_in(series, start_, end_);
  if (!rows) return rows.error();
  return summaries_[block].read(series, *rows, out);
}

Result<void> PartitionSamples::read(uint32_t series, Columns& out) {
  if (series < first_ || series >= last_) {
    if (auto loaded = load_group(series); !loaded) return std::move(loaded).error().in(partition_->name());
  }
  for (size_t i = 0; i < used_; ++i) {
    if (series - first_ >= blocks_[i].series_count()) continue;  // none of the later series of the group has samples in this slot
    if (auto done = read_block(i, series - first_, out); !done) return std::move(done).error().in(partition_->name());
  }
  return {};
}

}  // namespace tarsier::samples
