#include "chunk_encoder.hpp"

#include "bytes.hpp"

namespace tarsier::samples {
namespace {

constexpr uint8_t kNoWindow = 0xff;
constexpr unsigned kMaxLeading = 31;  // 5 bits

uint8_t flags_of(const Sample& sample) noexcept {
  unsigned flags = sample.time % kMillisecond == 0 ? unsigned{kMillis} : 0U;
  if (sample.start != 0) flags |= kStarts;
  if (!sample.histogram.empty()) flags |= kHistograms;
  return static_cast<uint8_t>(flags);
}

}  // namespace

bool ChunkEncoder::takes(const Sample& sample) const noexcept {
  if (count_ == 0) return true;
  if (count_ == UINT16_MAX) return false;
  const uint8_t wanted = flags_of(sample);
  if ((flags_ & kMillis) != 0 && (wanted & kMillis) == 0) return false;
  return (wanted & ~flags_ & (kStarts | kHistograms)) == 0;
}

void ChunkEncoder::put_word(uint64_t word) {
  if (words_ == capacity_) {
    capacity_ = capacity_ < 16 ? capacity_ + 8 : capacity_ + capacity_ / 4;
    buffer_.resize(capacity_, words_);
  }
  buffer_.words()[words_++] = word;
}

void ChunkEncoder::put(uint64_t value, unsigned bits) {
  const unsigned room = 64U - tail_bits_;
  if (bits < room) {
    if (bits != 0) tail_ |= value << (room - bits);
    tail_bits_ = static_cast<uint8_t>(tail_bits_ + bits);
    return;
  }
  const unsigned rest = bits - room;
  put_word(tail_ | (rest == 64 ? 0 : value >> rest));
  tail_ = rest == 0 ? 0 : value << (64U - rest);
  tail_bits_ = static_cast<uint8_t>(rest);
}

void ChunkEncoder::put_time(int64_t time) {
  const int64_t unit = (flags_ & kMillis) != 0 ? kMillisecond : 1;
  const int64_t delta = wrapping_sub(time / unit, max_time_ / unit);
  const uint64_t change = zigzag(wrapping_sub(delta, last_delta_));
  last_delta_ = delta;
  if (change == 0) return put(0, 1);
  if (change < (1U << 7)) return put((uint64_t{0b10} << 7) | change, 9);
  if (change < (1U << 12)) return put((uint64_t{0b110} << 12) | change, 15);
  if (change < (1U << 20)) return put((uint64_t{0b1110} << 20) | change, 24);
  put(0b1111, 4);
  put(change, 64);
}

void ChunkEncoder::put_value(uint64_t bits) {
  const uint64_t change = bits ^ last_value_;
  last_value_ = bits;
  if (change == 0) return put(0, 1);
  const unsigned leading = std::min(static_cast<unsigned>(std::countl_zero(change)), kMaxLeading);
  const auto trailing = static_cast<unsigned>(std::countr_zero(change));
  if (leading_ != kNoWindow && leading >= leading_ && trailing >= trailing_) {
    put(0b10, 2);
    put(change >> trailing_, 64U - leading_ - trailing_);
    return;
  }
  leading_ = static_cast<uint8_t>(leading);
  trailing_ = static_cast<uint8_t>(trailing);
  const unsigned length = 64U - leading - trailing;
  put((uint64_t{0b11} << 11) | (uint64_t{leading} << 6) | (length - 1), 13);
  put(change >> trailing, length);
}

void ChunkEncoder::put_start(int64_t start) {
  if (start == last_start_) return put(0, 1);
  last_start_ = start;
  put(1, 1);
  put(static_cast<uint64_t>(start), 64);
}

void ChunkEncoder::put_histogram(std::span<const uint8_t> bytes) {
  if (bytes.empty()) return put(0, 1);
  put(1, 1);
  put(bytes.size(), 32);
  for (const uint8_t byte : bytes) put(byte, 8);
}

void ChunkEncoder::append(const Sample& sample) {
  const auto bits = std::bit_cast<uint64_t>(sample.value);
  if (count_ == 0) {
    flags_ = flags_of(sample);
    min_time_ = sample.time;
    put(static_cast<uint64_t>((flags_ & kMillis) != 0 ? sample.time / kMillisecond : sample.time), 64);
    put(bits, 64);
    last_value_ = bits;
  } else {
    put_time(sample.time);
    put_value(bits);
  }
  if ((flags_ & kStarts) != 0) put_start(sample.start);
  if ((flags_ & kHistograms) != 0) put_histogram(sample.histogram);
  max_time_ = sample.time;
  ++count_;
}

ChunkView ChunkEncoder::view() const {
  return {.buffer = buffer_,
          .tail = tail_,
          .min_time = min_time_,
          .max_time = max_time_,
          .words = words_,
          .count = count_,
          .tail_bits = tail_bits_,
          .flags = flags_};
}

void ChunkEncoder::restore_last(int64_t time, double value, bool is_float) noexcept {
  max_time_ = time;
  last_value_ = std::bit_cast<uint64_t>(value);
  flags_ = is_float ? 0 : kHistograms;
}

ChunkView ChunkEncoder::release() {
  ChunkView released = view();
  ChunkEncoder next;
  next.restore_last(max_time_, last_value(), last_was_float());
  *this = std::move(next);
  return released;
}

ChunkView ChunkEncoder::close() {
  ChunkView closed = release();
  if (closed.buffer.capacity() > closed.words) closed.buffer.resize(closed.words, closed.words);
  return closed;
}

}  // namespace tarsier::samples
