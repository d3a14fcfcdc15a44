#include "chunk_decoder.hpp"

#include "bytes.hpp"

namespace tarsier::samples {
namespace {

/// Reads bits of the words and then of the tail. Past the end: zeros, and ok() is false.
class BitReader {
 public:
  explicit BitReader(const ChunkView& chunk) noexcept
      : words_(chunk.buffer.words()),
        word_count_(chunk.words),
        tail_(chunk.tail),
        end_(uint64_t{chunk.words} * 64 + chunk.tail_bits) {}

  bool ok() const noexcept { return ok_; }
  uint64_t left() const noexcept { return end_ - position_; }

  uint64_t get(unsigned bits) noexcept {
    if (bits > left()) return ok_ = false, position_ = end_, uint64_t{0};
    const uint64_t index = position_ / 64;
    const auto skip = static_cast<unsigned>(position_ % 64);
    position_ += bits;
    if (bits == 0) return 0;
    uint64_t value = word(index) << skip;
    if (skip + bits > 64) value |= word(index + 1) >> (64U - skip);
    return value >> (64U - bits);
  }
  bool bit() noexcept { return get(1) != 0; }

 private:
  uint64_t word(uint64_t index) const noexcept { return index < word_count_ ? words_[index] : tail_; }

  const uint64_t* words_;
  uint64_t word_count_;
  uint64_t tail_;
  uint64_t position_ = 0;
  uint64_t end_;
  bool ok_ = true;
};

class Decoder {
 public:
  explicit Decoder(const ChunkView& chunk) noexcept : bits_(chunk), flags_(chunk.flags) {}

  bool ok() const noexcept { return bits_.ok() && sound_; }

  Sample next() {
    if (first_) {
      first_ = false;
      time_ = static_cast<int64_t>(bits_.get(64));
      value_ = bits_.get(64);
    } else {
      next_time();
      next_value();
    }
    if ((flags_ & kStarts) != 0 && bits_.bit()) start_ = static_cast<int64_t>(bits_.get(64));
    Sample sample{.value = std::bit_cast<double>(value_), .start = start_};
    if (__builtin_mul_overflow(time_, (flags_ & kMillis) != 0 ? kMillisecond : int64_t{1}, &sample.time)) sound_ = false;
    if ((flags_ & kHistograms) != 0) sample.histogram = next_histogram();
    return sample;
  }

 private:
  void next_time() {
    unsigned width = 64;
    if (!bits_.bit()) {
      width = 0;
    } else if (!bits_.bit()) {
      width = 7;
    } else if (!bits_.bit()) {
      width = 12;
    } else if (!bits_.bit()) {
      width = 20;
    }
    delta_ = wrapping_add(delta_, unzigzag(bits_.get(width)));
    time_ = wrapping_add(time_, delta_);
  }

  void next_value() {
    if (!bits_.bit()) return;
    if (bits_.bit()) {
      leading_ = static_cast<unsigned>(bits_.get(5));
      length_ = static_cast<unsigned>(bits_.get(6)) + 1;
      if (leading_ + length_ > 64) sound_ = false, length_ = 64 - leading_;
    }
    value_ ^= bits_.get(length_) << (64U - leading_ - length_);
  }

  std::span<const uint8_t> next_histogram() {
    histogram_.clear();
    if (!bits_.bit()) return {};
    const uint64_t size = bits_.get(32);
    if (size == 0 || size > bits_.left() / 8) return sound_ = false, std::span<const uint8_t>{};
    histogram_.resize(static_cast<size_t>(size));
    for (uint8_t& byte : histogram_) byte = static_cast<uint8_t>(bits_.get(8));
    return histogram_;
  }

  BitReader bits_;
  uint8_t flags_;
  bool first_ = true;
  bool sound_ = true;
  int64_t time_ = 0;  // in the chunk's unit
  int64_t delta_ = 0;
  uint64_t value_ = 0;
  int64_t start_ = 0;
  unsigned leading_ = 0;
  unsigned length_ = 64;
  std::vector<uint8_t> histogram_;
};

}  // namespace

Result<void> decode_chunk(const ChunkView& chunk, int64_t start, int64_t end, Columns& out) {
  Decoder decoder(chunk);
  for (uint32_t row = 0; row < chunk.count; ++row) {
    const Sample sample = decoder.next();
    if (!decoder.ok()) return Error{TARSIER_CORRUPT, "chunk ends or is malformed at sample " + std::to_string(row)};
    if (sample.time > end) break;
    if (sample.time >= start) out.append(sample);
  }
  return {};
}

}  // namespace tarsier::samples
