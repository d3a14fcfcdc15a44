// BitWriter: the bits of a chunk as Prometheus' storage writes them, the highest first, and its variable-length integers.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace tarsier::promql {

class BitWriter {
 public:
  std::string_view bytes() const noexcept { return bytes_; }
  std::string take() noexcept {
    free_ = 0;
    return std::move(bytes_);
  }
  /// Changes a byte that was written whole.
  void set_byte(size_t at, uint8_t value) { bytes_[at] = static_cast<char>(value); }

  void bit(bool one) { bits(one ? 1 : 0, 1); }
  void byte(uint8_t value) { bits(value, 8); }
  /// The lowest `count` bits of `value`.
  void bits(uint64_t value, unsigned count) {
    while (count > 0) {
      if (free_ == 0) {
        bytes_.push_back('\0');
        free_ = 8;
      }
      const unsigned part = count < free_ ? count : free_;
      const uint64_t piece = (value >> (count - part)) & ((uint64_t{1} << part) - 1);
      bytes_.back() = static_cast<char>(static_cast<uint8_t>(bytes_.back()) | static_cast<uint8_t>(piece << (free_ - part)));
      free_ -= part;
      count -= part;
    }
  }
  void number(double value) { bits(std::bit_cast<uint64_t>(value), 64); }
  /// Protobuf's varints, in bytes.
  void varint(uint64_t value) {
    for (; value >= 0x80; value >>= 7) byte(static_cast<uint8_t>(value | 0x80));
    byte(static_cast<uint8_t>(value));
  }
  void signed_varint(int64_t value) { varint(static_cast<uint64_t>(value) << 1U ^ static_cast<uint64_t>(value >> 63)); }

  /// One bit for 0, then 3, 6, 9, ... bits behind a prefix of ones that says how many.
  void varbit(uint64_t value) {
    varbit(value, [value](unsigned width) { return width == 64 || value >> width == 0; });
  }
  void signed_varbit(int64_t value) {
    varbit(static_cast<uint64_t>(value), [value](unsigned width) { return fits(value, width); });
  }
  /// Whether `width` bits hold a number, in the original's way: -(2^(width-1) - 1) to 2^(width-1).
  static bool fits(int64_t value, unsigned width) noexcept {
    if (width == 64) return true;
    const int64_t half = int64_t{1} << (width - 1);
    return -(half - 1) <= value && value <= half;
  }

 private:
  template <class Fits>
  void varbit(uint64_t value, Fits&& fits_in) {
    constexpr std::array<unsigned, 8> kWidths = {3, 6, 9, 12, 18, 25, 56, 64};
    if (value == 0) return bit(false);
    for (unsigned i = 0; i < kWidths.size(); ++i) {
      if (!fits_in(kWidths[i])) continue;
      const unsigned ones = i + 1;
      if (kWidths[i] == 64) {
        byte(0xff);
      } else {
        bits((uint64_t{1} << (ones + 1)) - 2, ones + 1);
      }
      return bits(value, kWidths[i]);
    }
  }

  std::string bytes_;
  unsigned free_ = 0;  // bits of the last byte
};

/// One number after the other, each as what differs from the one before.
class XorValue {
 public:
  void first(BitWriter& out, double value) {
    before_ = std::bit_cast<uint64_t>(value);
    out.bits(before_, 64);
  }
  void next(BitWriter& out, double value) {
    const uint64_t now = std::bit_cast<uint64_t>(value);
    const uint64_t differs = now ^ before_;
    before_ = now;
    out.bit(differs != 0);
    if (differs == 0) return;
    const auto leading = std::min(static_cast<unsigned>(std::countl_zero(differs)), 31U);
    const auto trailing = static_cast<unsigned>(std::countr_zero(differs));
    const bool same_place = known_ && leading >= leading_ && trailing >= trailing_;
    out.bit(!same_place);
    if (!same_place) {
      known_ = true;
      leading_ = leading;
      trailing_ = trailing;
      out.bits(leading, 5);
      out.bits(64 - leading - trailing, 6);  // 64 is written as 0
    }
    out.bits(differs >> trailing_, 64 - leading_ - trailing_);
  }

 private:
  uint64_t before_ = 0;
  bool known_ = false;
  unsigned leading_ = 0, trailing_ = 0;
};

}  // namespace tarsier::promql
