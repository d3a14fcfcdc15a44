// tarsier/flat_set.hpp - flat label sets (abi/batch.h, TARSIER_COL_FLAT_SETS): the labels of a series as the protobuf bytes they
// came in. verify() does not look into them, so every reader decodes them here, with all the checks.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "result.hpp"
#include "utf8.hpp"
#include "varint.hpp"

namespace tarsier {

inline constexpr size_t kMaxFlatSetBytes = 1 << 20;
inline constexpr size_t kMaxFlatSetLabels = 4096;

namespace detail {

/// Reads the length of a field and the text it announces.
inline bool read_text(const uint8_t*& at, const uint8_t* end, std::string_view& text) noexcept {
  uint64_t size = 0;
  if (!read_varint(at, end, size) || size > static_cast<uint64_t>(end - at)) return false;
  text = {reinterpret_cast<const char*>(at), static_cast<size_t>(size)};
  at += size;
  return true;
}

/// A message Label: name is field 1, value field 2; what is absent is "", of what is repeated the last counts.
inline bool read_label(std::string_view message, std::pair<std::string_view, std::string_view>& label) noexcept {
  const auto* at = reinterpret_cast<const uint8_t*>(message.data());
  const auto* const end = at + message.size();
  while (at != end) {
    const uint8_t tag = *at++;
    if (tag != 0x0a && tag != 0x12) return false;
    if (!read_text(at, end, tag == 0x0a ? label.first : label.second)) return false;
  }
  return true;
}

}  // namespace detail

/// [any] The labels of a flat set, sorted by name (bytewise); labels with an empty value are left out, since that is what absent
/// means. They point into `set`; what was in `labels` is replaced. INVALID for malformed bytes, an empty or repeated name, text
/// that is not UTF-8, more than kMaxFlatSetLabels labels or kMaxFlatSetBytes bytes; `labels` is then unspecified. Allocates only
/// when `labels` has to grow.
inline Result<void> decode_flat_set(std::span<const uint8_t> set,
                                    std::vector<std::pair<std::string_view, std::string_view>>& labels) {
  labels.clear();
  if (set.size() > kMaxFlatSetBytes)
    return Error::invalid("labels of " + std::to_string(set.size()) + " bytes, at most " + std::to_string(kMaxFlatSetBytes) +
                          " are taken");
  const uint8_t* at = set.data();
  const uint8_t* const end = at + set.size();
  bool ascending = true;
  while (at != end) {
    std::string_view message;
    std::pair<std::string_view, std::string_view> label;
    const bool is_label = *at++ == 0x0a;
    if (!is_label || !detail::read_text(at, end, message) || !detail::read_label(message, label))
      return Error::invalid("malformed label at byte " + std::to_string(at - set.data()) + " of " + std::to_string(set.size()));
    if (!is_utf8(label.first) || !is_utf8(label.second))
      return Error::invalid("label " + std::to_string(labels.size() + 1) + " is not UTF-8");
    if (label.first.empty())
      return Error::invalid("a label with an empty name, of the value \"" + std::string(label.second) + "\"");
    if (label.second.empty()) continue;
    if (labels.size() == kMaxFlatSetLabels)
      return Error::invalid("a series with more than " + std::to_string(kMaxFlatSetLabels) + " labels");
    ascending = ascending && (labels.empty() || labels.back().first < label.first);
    labels.push_back(label);
  }
  if (ascending) return {};
  std::sort(labels.begin(), labels.end());
  const auto repeated =
      std::adjacent_find(labels.begin(), labels.end(), [](const auto& a, const auto& b) { return a.first == b.first; });
  if (repeated != labels.end()) return Error::invalid("the label name \"" + std::string(repeated->first) + "\" is there twice");
  return {};
}

/// [any] Appends one label to a flat set.
inline void append_flat_label(std::vector<uint8_t>& set, std::string_view name, std::string_view value) {
  const auto varint_size = [](uint64_t number) { return (static_cast<uint64_t>(std::bit_width(number | 1)) + 6) / 7; };
  const auto put = [&set](uint8_t tag, std::string_view text) {
    set.push_back(tag);
    append_varint(set, text.size());
    set.insert(set.end(), text.begin(), text.end());
  };
  set.push_back(0x0a);
  append_varint(set, 2 + varint_size(name.size()) + name.size() + varint_size(value.size()) + value.size());
  put(0x0a, name);
  put(0x12, value);
}

}  // namespace tarsier
