// Taking lines and words off the front of a text, as the files of /proc and /sys have them.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

namespace tarsier::node {

inline std::string_view take_line(std::string_view& text) noexcept {
  const size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

/// The next word; empty at the end.
inline std::string_view take_word(std::string_view& text) noexcept {
  const size_t begin = text.find_first_not_of(" \t\n");
  if (begin == std::string_view::npos) {
    text = {};
    return {};
  }
  text.remove_prefix(begin);
  const size_t size = text.find_first_of(" \t\n");
  const std::string_view word = text.substr(0, size);
  text.remove_prefix(word.size());
  return word;
}

inline std::string_view trim(std::string_view text) noexcept {
  const size_t begin = text.find_first_not_of(" \t\n");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\n") - begin + 1);
}

inline std::optional<double> to_number(std::string_view text) noexcept {
  double value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc() || end != text.data() + text.size()) return {};
  return value;
}

/// A whole number; hexadecimal ones may begin with 0x.
inline std::optional<uint64_t> to_integer(std::string_view text, int base = 10) noexcept {
  if (base == 16 && text.starts_with("0x")) text.remove_prefix(2);
  uint64_t value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (code != std::errc() || end != text.data() + text.size()) return {};
  return value;
}

}  // namespace tarsier::node
