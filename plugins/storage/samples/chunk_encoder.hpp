// ChunkEncoder: appends samples of one series to a compressed chunk in memory: delta-of-delta times and XOR values (Gorilla), start
// timestamps and histograms when there are any. 72 bytes of state, and the words.
//
// Bits, most significant first. First sample: 64 time (in the chunk's unit), 64 value. Then, for each: time: 0 | 10 + 7 | 110 + 12
// | 1110 + 20 | 1111 + 64 bits of the zigzag delta of the delta; value: 0 same | 10 the window of before | 11 + 5 leading zeros + 6
// length - 1. With kStarts, after each value: 0 same | 1 + 64. With kHistograms: 0 float | 1 + 32 length + its bytes.
#pragma once

#include <cstdint>
#include <span>

#include "chunk_buffer.hpp"
#include "sample.hpp"

namespace tarsier::samples {

enum ChunkFlag : uint8_t {
  kMillis = 1U << 0,      // times are multiples of 1 ms and kept in ms
  kStarts = 1U << 1,      // some sample has a start timestamp
  kHistograms = 1U << 2,  // some sample is a histogram
};

inline constexpr int64_t kMillisecond = 1'000'000;

/// What a reader needs of a chunk; holds its words. Cheap to copy.
struct ChunkView {
  ChunkBuffer buffer;
  uint64_t tail = 0;  // the last, partly filled word, left-aligned
  int64_t min_time = 0;
  int64_t max_time = 0;
  uint32_t words = 0;
  uint32_t count = 0;
  uint8_t tail_bits = 0;
  uint8_t flags = 0;
};

class ChunkEncoder {
 public:
  uint32_t count() const noexcept { return count_; }
  int64_t min_time() const noexcept { return min_time_; }
  int64_t max_time() const noexcept { return max_time_; }
  /// The last sample ever appended: max_time() and these outlive close().
  double last_value() const noexcept { return std::bit_cast<double>(last_value_); }
  /// In a chunk that may hold histograms the last sample has to be decoded to know.
  bool last_was_float() const noexcept { return (flags_ & kHistograms) == 0; }
  /// As if that sample had been appended and the chunk closed.
  void restore_last(int64_t time, double value, bool is_float) noexcept;
  size_t size_bytes() const noexcept { return size_t{words_} * 8; }
  size_t capacity_bytes() const noexcept { return size_t{capacity_} * 8; }

  /// False when the sample's kind (unit of time, start, histogram) needs a new chunk.
  bool takes(const Sample& sample) const noexcept;
  /// Times must ascend.
  void append(const Sample& sample);
  void prefetch_end() const noexcept { __builtin_prefetch(buffer_.words() + words_, 1); }
  ChunkView view() const;
  /// The chunk as a closed one: exactly as many words as it needs. The encoder is empty afterwards but for its memory of the last
  /// sample.
  ChunkView close();
  /// The same for a chunk that will not live long: its buffer stays as large as it is.
  ChunkView release();

 private:
  void put(uint64_t value, unsigned bits);
  void put_word(uint64_t word);
  void put_time(int64_t time);
  void put_value(uint64_t bits);
  void put_start(int64_t start);
  void put_histogram(std::span<const uint8_t> bytes);

  ChunkBuffer buffer_;
  uint64_t tail_ = 0;
  int64_t min_time_ = 0;
  int64_t max_time_ = INT64_MIN;
  int64_t last_delta_ = 0;  // in the chunk's unit
  uint64_t last_value_ = 0;
  int64_t last_start_ = 0;
  uint32_t words_ = 0;
  uint32_t capacity_ = 0;  // of the buffer, whose begin need not be looked at for it
  uint16_t count_ = 0;
  uint8_t tail_bits_ = 0;
  uint8_t flags_ = 0;
  uint8_t leading_ = 0xff;  // 0xff: no window yet
  uint8_t trailing_ = 0;
};

}  // namespace tarsier::samples
