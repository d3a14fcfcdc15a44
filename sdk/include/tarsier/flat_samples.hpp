// tarsier/flat_samples.hpp - a batch of samples with flat label sets (flat_set.hpp), written straight into memory of the host: the
// bytes with the labels are received or decompressed into their column, and spans, times and values go where they stay.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>

#include "bus.hpp"

namespace tarsier::batch {

/// How much of each there may be.
struct FlatRoom {
  uint64_t bytes = 0;
  uint32_t series = 0;
  uint32_t samples = 0;
};

/// Columns lie in memory one behind the other, so their room is guessed before their content is known. What is more than the room
/// is only counted: then needed() is the room for a second try. Room that stays empty is a gap in the batch. For one thread.
class FlatSamples {
 public:
  /// [any] RESOURCE: too large, or no memory. `host` must outlive it.
  static Result<FlatSamples> allocate(const Host& host, const FlatRoom& room) {
    FlatSamples samples(host, room);
    if (room.bytes > UINT32_MAX)
      return Error(TARSIER_RESOURCE, "flat label sets of " + std::to_string(room.bytes) + " bytes: the limit is 4 GiB");
    tarsier_error error = empty_error();
    tarsier_batch* raw = host.bus->allocate(host.raw(), samples.place_columns(), &error);
    if (raw == nullptr) return Error::from_c(TARSIER_RESOURCE, error);
    samples.batch_ = Batch(host.bus, raw);
    samples.data_ = host.bus->data(raw, &samples.size_);
    return samples;
  }

  /// The column FLAT_BYTES: zeros, to be filled before finish(). Valid until then.
  std::span<uint8_t> bytes() noexcept { return {at<uint8_t>(kFlatBytes), static_cast<size_t>(room_.bytes)}; }

  /// Begins a series whose labels lie in bytes().
  void series(uint32_t begin, uint32_t length) noexcept {
    if (series_ < room_.series) {
      at<uint32_t>(kFlatSets)[size_t{series_} * 2] = begin;
      at<uint32_t>(kFlatSets)[size_t{series_} * 2 + 1] = length;
      at<uint32_t>(kSampleOffsets)[series_] = samples_;
    }
    ++series_;
  }
  /// A sample of the series last begun, in the order of time.
  void sample(int64_t time_ns, double value) noexcept {
    if (samples_ < room_.samples) {
      at<int64_t>(kSampleTimes)[samples_] = time_ns;
      at<double>(kSampleValues)[samples_] = value;
    }
    ++samples_;
  }

  uint32_t series_count() const noexcept { return series_; }
  uint32_t sample_count() const noexcept { return samples_; }
  FlatRoom needed() const noexcept { return {room_.bytes, series_, samples_}; }
  bool fits() const noexcept { return series_ <= room_.series && samples_ <= room_.samples; }

  /// The batch, ready to be published. Only when it fits(); once.
  Batch finish(int64_t created_ns) noexcept {
    at<uint32_t>(kSampleOffsets)[series_] = samples_;
    columns_[kSetOffsets].count = series_ + 1U;
    columns_[kFlatSets].count = series_;
    columns_[kSampleOffsets].count = series_ + 1U;
    columns_[kSampleTimes].count = samples_;
    columns_[kSampleValues].count = samples_;
    tarsier_batch_head head{};
    head.magic = TARSIER_BATCH_MAGIC;
    head.kind = TARSIER_BATCH_SAMPLES;
    head.version = TARSIER_BATCH_VERSION;
    head.size = size_;
    head.column_count = kColumns;
    head.created_ns = created_ns;
    head.counts[TARSIER_COUNT_SETS] = series_;
    head.counts[TARSIER_COUNT_ROWS] = samples_;
    std::memcpy(data_, &head, sizeof(head));
    std::memcpy(data_ + sizeof(head), columns_, sizeof(columns_));
    return std::move(batch_);
  }

 private:
  enum {
    kSymbolOffsets,
    kSymbolBytes,
    kSetOffsets,
    kPairs,
    kFlatSets,
    kFlatBytes,
    kSampleOffsets,
    kSampleTimes,
    kSampleValues,
    kColumns
  };

  FlatSamples(const Host& host, const FlatRoom& room) noexcept : room_(room), batch_(host.bus, nullptr) {}

  template <class T>
  T* at(int column) const noexcept {
    return reinterpret_cast<T*>(data_ + columns_[column].offset);
  }
  /// Returns the size of the batch.
  uint64_t place_columns() noexcept {
    const uint64_t series = room_.series;
    const tarsier_column columns[kColumns] = {
        {TARSIER_COL_SYMBOL_OFFSETS, 4, 0, 1},           {TARSIER_COL_SYMBOL_BYTES, 1, 0, 0},
        {TARSIER_COL_SET_OFFSETS, 4, 0, series + 1},     {TARSIER_COL_PAIRS, 8, 0, 0},
        {TARSIER_COL_FLAT_SETS, 8, 0, series},           {TARSIER_COL_FLAT_BYTES, 1, 0, room_.bytes},
        {TARSIER_COL_SAMPLE_OFFSETS, 4, 0, series + 1},  {TARSIER_COL_SAMPLE_TIMES, 8, 0, room_.samples},
        {TARSIER_COL_SAMPLE_VALUES, 8, 0, room_.samples}};
    uint64_t end = sizeof(tarsier_batch_head) + sizeof(columns);
    for (int i = 0; i < kColumns; ++i) {
      columns_[i] = columns[i];
      columns_[i].offset = end = (end + 7) & ~uint64_t{7};
      end += columns[i].count * columns[i].element_size;
    }
    return end;
  }

  FlatRoom room_;
  Batch batch_;
  uint8_t* data_ = nullptr;
  uint64_t size_ = 0;
  uint32_t series_ = 0;
  uint32_t samples_ = 0;
  tarsier_column columns_[kColumns]{};
};

}  // namespace tarsier::batch
