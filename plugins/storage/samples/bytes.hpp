// Byte-wise reading and writing of everything that the store keeps: varints, zigzag, fixed little-endian words, counted text. The
// reader never leaves its span: a read past the end yields zeros and a failed state that the caller asks for once, at the end.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

namespace tarsier::samples {

inline uint64_t zigzag(int64_t value) noexcept { return (static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63); }
inline int64_t unzigzag(uint64_t value) noexcept { return static_cast<int64_t>((value >> 1) ^ (~(value & 1) + 1)); }

/// Differences of times wrap instead of overflowing: they are undone by the same wrap.
inline int64_t wrapping_sub(int64_t a, int64_t b) noexcept {
  return static_cast<int64_t>(static_cast<uint64_t>(a) - static_cast<uint64_t>(b));
}
inline int64_t wrapping_add(int64_t a, int64_t b) noexcept {
  return static_cast<int64_t>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
}

class ByteWriter {
 public:
  explicit ByteWriter(std::vector<uint8_t>& out) noexcept : out_(out) {}

  void u8(uint8_t value) { out_.push_back(value); }
  void u64(uint64_t value) {
    for (int shift = 0; shift < 64; shift += 8) out_.push_back(static_cast<uint8_t>(value >> shift));
  }
  void varint(uint64_t value) {
    while (value >= 0x80) {
      out_.push_back(static_cast<uint8_t>(value | 0x80));
      value >>= 7;
    }
    out_.push_back(static_cast<uint8_t>(value));
  }
  void svarint(int64_t value) { varint(zigzag(value)); }
  void bytes(std::span<const uint8_t> data) { out_.insert(out_.end(), data.begin(), data.end()); }
  void text(std::string_view text) {
    varint(text.size());
    raw(text);
  }
  void raw(std::string_view text) {
    const auto* begin = reinterpret_cast<const uint8_t*>(text.data());
    out_.insert(out_.end(), begin, begin + text.size());
  }
  std::vector<uint8_t>& out() noexcept { return out_; }

 private:
  std::vector<uint8_t>& out_;
};

class ByteReader {
 public:
  explicit ByteReader(std::span<const uint8_t> data) noexcept : data_(data) {}

  bool ok() const noexcept { return ok_; }
  bool at_end() const noexcept { return position_ == data_.size(); }
  size_t remaining() const noexcept { return data_.size() - position_; }
  void fail() noexcept { ok_ = false, position_ = data_.size(); }

  uint8_t u8() noexcept {
    if (position_ >= data_.size()) return fail(), uint8_t{0};
    return data_[position_++];
  }
  uint64_t u64() noexcept {
    const auto run = bytes(8);
    if (run.size() != 8) return 0;
    uint64_t value = 0;
    for (size_t i = 0; i < 8; ++i) value |= uint64_t{run[i]} << (8 * i);
    return value;
  }
  uint64_t varint() noexcept {
    if (position_ < data_.size() && data_[position_] < 0x80) return data_[position_++];  // most of them
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const uint8_t byte = u8();
      value |= static_cast<uint64_t>(byte & 0x7fU) << shift;
      if ((byte & 0x80U) == 0) return value;
    }
    return fail(), uint64_t{0};
  }
  int64_t svarint() noexcept { return unzigzag(varint()); }
  /// A varint that counts things of at least `unit` bytes each, so that a forged count cannot make the caller allocate more than
  /// the input could hold. `unit` 0: at most `most`.
  uint64_t count(size_t unit, uint64_t most = UINT32_MAX) noexcept {
    const uint64_t value = varint();
    if (value > most || (unit != 0 && value > remaining() / unit)) return fail(), uint64_t{0};
    return value;
  }
  std::span<const uint8_t> bytes(uint64_t size) noexcept {
    if (size > remaining()) return fail(), std::span<const uint8_t>{};
    const auto run = data_.subspan(position_, static_cast<size_t>(size));
    position_ += static_cast<size_t>(size);
    return run;
  }
  /// A word of which the input has the `count` most significant bytes, at most eight, the highest first; the others are zero.
  uint64_t top_bytes(unsigned count) noexcept {
    uint64_t word = 0;
    if (count == 0) return word;
    if (remaining() >= sizeof(word)) {
      std::memcpy(&word, data_.data() + position_, sizeof(word));
      position_ += count;
      return __builtin_bswap64(word) & (~uint64_t{0} << (64 - 8 * count));
    }
    const auto run = bytes(count);
    for (size_t byte = 0; byte < run.size(); ++byte) word |= uint64_t{run[byte]} << (56 - 8 * byte);
    return word;
  }
  std::string_view text() noexcept {
    const auto run = bytes(varint());
    return {reinterpret_cast<const char*>(run.data()), run.size()};
  }

 private:
  std::span<const uint8_t> data_;
  size_t position_ = 0;
  bool ok_ = true;
};

/// Big-endian keys: their byte order is their numeric order.
inline void put_be32(uint8_t* out, uint32_t value) noexcept {
  for (int i = 0; i < 4; ++i) out[i] = static_cast<uint8_t>(value >> (24 - 8 * i));
}
inline void put_be64(uint8_t* out, uint64_t value) noexcept {
  for (int i = 0; i < 8; ++i) out[i] = static_cast<uint8_t>(value >> (56 - 8 * i));
}
inline uint32_t get_be32(const uint8_t* in) noexcept {
  uint32_t value = 0;
  for (int i = 0; i < 4; ++i) value = (value << 8) | in[i];
  return value;
}
inline uint64_t get_be64(const uint8_t* in) noexcept {
  uint64_t value = 0;
  for (int i = 0; i < 8; ++i) value = (value << 8) | in[i];
  return value;
}

}  // namespace tarsier::samples
