#include "partition_samples.hpp"

#include <array>

#include "partition_index.hpp"

namespace tarsier::samples {

Result<PartitionSamples> PartitionSamples::open(const Partition& partition) {
  auto snapshot = partition.env().read();
  if (!snapshot) return std::move(snapshot).error().in("read " + partition.name());
  return PartitionSamples(partition, std::move(*snapshot));
}

Result<void> PartitionSamples::load(uint32_t series) {
  block_ = SampleBlock{};
  auto cursor = snapshot_.cursor(kChunksTable);
  if (!cursor) return std::move(cursor).error();
  std::array<uint8_t, 12> key{};
  put_be64(key.data(), static_cast<uint64_t>(partition_->info().window_start) ^ (uint64_t{1} << 63));
  put_be32(key.data() + 8, series);
  auto entry = seek_block(*cursor, key);
  if (!entry) return std::move(entry).error();
  if (entry->key.size() != key.size()) return Error{TARSIER_CORRUPT, "a key of the chunks is malformed"};
  first_ = get_be32(as_bytes(entry->key).data() + 8);
  if (auto unpacked = unpacker_.unpack(as_bytes(entry->value), bytes_); !unpacked) return unpacked;
  auto block = SampleBlock::parse(bytes_);
  if (!block) return std::move(block).error();
  if (series - first_ >= block->series_count()) return Error{TARSIER_CORRUPT, "no samples of series " + std::to_string(series)};
  block_ = std::move(*block);
  return {};
}

Result<void> PartitionSamples::read(uint32_t series, int64_t start, int64_t end, Columns& out) {
  if (series < first_ || series - first_ >= block_.series_count()) {
    if (auto loaded = load(series); !loaded) return std::move(loaded).error().in(partition_->name());
  }
  if (auto done = block_.read(series - first_, start, end, out); !done) return std::move(done).error().in(partition_->name());
  return {};
}

}  // namespace tarsier::samples
