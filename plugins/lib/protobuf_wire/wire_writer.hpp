// WireWriter: appends the fields of a protobuf message to bytes.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include "plugins/lib/protobuf_wire/wire_reader.hpp"

namespace tarsier::protobuf {

class WireWriter {
 public:
  const std::vector<uint8_t>& bytes() const noexcept { return bytes_; }
  /// Begins anew; the memory is kept.
  void clear() noexcept { bytes_.clear(); }
  std::string_view text() const noexcept { return {reinterpret_cast<const char*>(bytes_.data()), bytes_.size()}; }

  WireWriter& varint(uint32_t number, uint64_t value) {
    tag(number, WireType::varint);
    append_varint(bytes_, value);
    return *this;
  }
  WireWriter& sint(uint32_t number, int64_t value) { return varint(number, zigzag(value)); }
  WireWriter& float64(uint32_t number, double value) {
    tag(number, WireType::fixed64);
    uint8_t raw[sizeof(value)];
    std::memcpy(raw, &value, sizeof(value));
    bytes_.insert(bytes_.end(), raw, raw + sizeof(raw));
    return *this;
  }
  WireWriter& text(uint32_t number, std::string_view text) {
    tag(number, WireType::length);
    append_varint(bytes_, text.size());
    bytes_.insert(bytes_.end(), text.begin(), text.end());
    return *this;
  }
  WireWriter& message(uint32_t number, const WireWriter& message) { return text(number, message.text()); }

 private:
  void tag(uint32_t number, WireType type) { append_varint(bytes_, uint64_t{number} << 3 | static_cast<uint64_t>(type)); }
  std::vector<uint8_t> bytes_;
};

}  // namespace tarsier::protobuf
