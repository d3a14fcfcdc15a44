// tarsier/varint.hpp - numbers of variable length as protobuf has them: seven bits a byte, the lowest first.
#pragma once

#include <cstdint>
#include <vector>

namespace tarsier {

/// [any] Reads one and moves `at` behind it; false, and `at` somewhere before `end`, when it is cut off or longer than ten bytes.
inline bool read_varint(const uint8_t*& at, const uint8_t* end, uint64_t& value) noexcept {
  if (at != end && *at < 0x80) [[likely]] {
    value = *at++;
    return true;
  }
  uint64_t result = 0;
  for (unsigned shift = 0; shift < 64 && at != end; shift += 7) {
    const uint8_t byte = *at++;
    result |= uint64_t{byte & 0x7fU} << shift;
    if (byte < 0x80) {
      value = result;
      return shift < 63 || byte <= 1;
    }
  }
  return false;
}

inline void append_varint(std::vector<uint8_t>& out, uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<uint8_t>(value | 0x80U));
    value >>= 7;
  }
  out.push_back(static_cast<uint8_t>(value));
}

/// Signed numbers so that small ones of either sign are short.
constexpr uint64_t zigzag(int64_t value) noexcept {
  return (static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63);
}
constexpr int64_t unzigzag(uint64_t value) noexcept { return static_cast<int64_t>((value >> 1) ^ (0 - (value & 1))); }

}  // namespace tarsier
