// tarsier/flat_set.hpp - decoding flat label sets (abi/batch.h, TARSIER_COL_FLAT_SETS): labels as the protobuf bytes of one time series
// of Prometheus remote write 1.0: repeated field 1, each a Label{1: name, 2: value}.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "result.hpp"

namespace tarsier {

namespace detail {

class FlatReader {
 public:
  explicit FlatReader(std::span<const uint8_t> bytes) noexcept : at_(bytes.data()), end_(at_ + bytes.size()) {}
  bool at_end() const noexcept { return at_ == end_; }
  /// False at a varint that is cut off or longer than 64 bits.
  bool varint(uint64_t& value) noexcept {
    value = 0;
    for (unsigned shift = 0; shift < 64 && at_ != end_; shift += 7) {
      const uint8_t byte = *at_++;
      value |= static_cast<uint64_t>(byte & 0x7fU) << shift;
      if ((byte & 0x80U) == 0) return true;
    }
    return false;
  }
  bool bytes(std::span<const uint8_t>& run) noexcept {
    uint64_t size = 0;
    if (!varint(size) || size > static_cast<uint64_t>(end_ - at_)) return false;
    run = {at_, static_cast<size_t>(size)};
    at_ += size;
    return true;
  }

 private:
  const uint8_t* at_;
  const uint8_t* end_;
};

/// RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF.
inline bool valid_utf8(std::string_view text) noexcept {
  const auto byte = [&](size_t at) { return at < text.size() ? static_cast<uint8_t>(text[at]) : uint8_t{0}; };
  for (size_t at = 0; at < text.size();) {
    const uint8_t first = byte(at);
    if (first < 0x80) {
      ++at;
      continue;
    }
    const size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4) return false;
    const uint8_t low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
    const uint8_t high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
    if (byte(at + 1) < low || byte(at + 1) > high) return false;
    for (size_t i = 2; i < length; ++i) {
      if ((byte(at + i) & 0xc0) != 0x80) return false;
    }
    at += length;
  }
  return true;
}

inline bool decode_flat_label(std::span<const uint8_t> bytes, std::string_view& name, std::string_view& value) noexcept {
  FlatReader in(bytes);
  while (!in.at_end()) {
    uint64_t tag = 0;
    std::span<const uint8_t> text;
    if (!in.varint(tag) || (tag != 0x0a && tag != 0x12) || !in.bytes(text)) return false;
    (tag == 0x0a ? name : value) = {reinterpret_cast<const char*>(text.data()), text.size()};
  }
  return !name.empty() && valid_utf8(name) && valid_utf8(value);
}

}  // namespace detail

/// [any] The labels of a flat set, sorted by name and without those whose value is empty; appended to `labels`, as views of `set`.
/// INVALID for malformed bytes, an empty name, a name that comes twice, or text that is not UTF-8.
inline Result<void> decode_flat_set(std::span<const uint8_t> set, std::vector<std::pair<std::string_view, std::string_view>>& labels) {
  const size_t first = labels.size();
  detail::FlatReader in(set);
  while (!in.at_end()) {
    uint64_t tag = 0;
    std::span<const uint8_t> label;
    std::string_view name, value;
    if (!in.varint(tag) || tag != 0x0a || !in.bytes(label) || !detail::decode_flat_label(label, name, value))
      return Error::invalid("label " + std::to_string(labels.size() - first + 1) + " of the set is malformed");
    if (!value.empty()) labels.emplace_back(name, value);
  }
  const auto begin = labels.begin() + static_cast<ptrdiff_t>(first);
  const auto by_name = [](const auto& a, const auto& b) { return a.first < b.first; };
  if (!std::is_sorted(begin, labels.end(), by_name)) std::sort(begin, labels.end(), by_name);
  const auto twice = std::adjacent_find(begin, labels.end(), [](const auto& a, const auto& b) { return a.first == b.first; });
  if (twice != labels.end()) return Error::invalid("label \"" + std::string(twice->first) + "\" comes twice in the set");
  return {};
}

}  // namespace tarsier
