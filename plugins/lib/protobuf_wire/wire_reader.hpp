// WireReader: the fields of a protobuf message one after the other, without copies, allocation or a schema.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "tarsier/varint.hpp"

namespace tarsier::protobuf {

using Bytes = std::span<const uint8_t>;

enum class WireType : uint8_t { varint = 0, fixed64 = 1, length = 2, fixed32 = 5 };

struct Field {
  uint32_t number = 0;
  WireType type = WireType::varint;
  uint64_t value = 0;  // of varint, fixed64 and fixed32
  Bytes bytes;         // of length

  bool is(uint32_t expected_number, WireType expected_type) const noexcept {
    return number == expected_number && type == expected_type;
  }
  int64_t int64() const noexcept { return static_cast<int64_t>(value); }
  int64_t sint64() const noexcept { return unzigzag(value); }
  double float64() const noexcept { return std::bit_cast<double>(value); }
  std::string_view text() const noexcept { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }
};

/// Groups (wire types 3 and 4) are malformed here: proto3 has none.
class WireReader {
 public:
  explicit WireReader(Bytes message) noexcept : at_(message.data()), end_(message.data() + message.size()) {}

  /// False at the end of the message, and when it is malformed: see failed().
  bool next(Field& field) noexcept {
    if (at_ == end_) return false;
    uint64_t tag = 0;
    if (!read_varint(at_, end_, tag) || tag >> 3 == 0 || tag > UINT32_MAX) return fail();
    field.number = static_cast<uint32_t>(tag >> 3);
    field.type = static_cast<WireType>(tag & 7);
    switch (field.type) {
      case WireType::varint:
        return read_varint(at_, end_, field.value) || fail();
      case WireType::fixed64:
        return fixed(field, 8);
      case WireType::fixed32:
        return fixed(field, 4);
      case WireType::length:
        if (!read_varint(at_, end_, field.value) || field.value > static_cast<uint64_t>(end_ - at_)) return fail();
        field.bytes = {at_, static_cast<size_t>(field.value)};
        at_ += field.value;
        return true;
    }
    return fail();
  }
  /// Where the next field begins.
  const uint8_t* position() const noexcept { return at_; }
  bool failed() const noexcept { return failed_; }

 private:
  bool fixed(Field& field, size_t size) noexcept {
    if (static_cast<size_t>(end_ - at_) < size) return fail();
    field.value = 0;
    std::memcpy(&field.value, at_, size);
    at_ += size;
    return true;
  }
  bool fail() noexcept {
    failed_ = true;
    at_ = end_;
    return false;
  }
  const uint8_t* at_;
  const uint8_t* end_;
  bool failed_ = false;
};

/// Calls each(value) for the elements of a repeated number, packed or one a field. False when it is malformed or of another wire
/// type.
template <class Each>
bool each_varint(const Field& field, Each&& each) {
  if (field.type == WireType::varint) return each(field.value), true;
  if (field.type != WireType::length) return false;
  const uint8_t* at = field.bytes.data();
  const uint8_t* const end = at + field.bytes.size();
  while (at != end) {
    uint64_t value = 0;
    if (!read_varint(at, end, value)) return false;
    each(value);
  }
  return true;
}
template <class Each>
bool each_double(const Field& field, Each&& each) {
  if (field.type == WireType::fixed64) return each(field.float64()), true;
  if (field.type != WireType::length || field.bytes.size() % 8 != 0) return false;
  for (size_t i = 0; i < field.bytes.size(); i += 8) {
    double value = 0;
    std::memcpy(&value, field.bytes.data() + i, sizeof(value));
    each(value);
  }
  return true;
}

}  // namespace tarsier::protobuf
