#include "plugins/lib/promql/text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <limits>

namespace tarsier::promql {
namespace {

constexpr bool is_alpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

struct Unit {
  std::string_view name;
  int64_t ms;
};
constexpr std::array kUnits = {Unit{"y", 31536000000}, Unit{"w", 604800000}, Unit{"d", 86400000}, Unit{"h", 3600000},
                               Unit{"m", 60000},       Unit{"s", 1000},      Unit{"ms", 1}};

size_t utf8_size(std::string_view text, size_t at) {
  const auto c = static_cast<unsigned char>(text[at]);
  const size_t size = c < 0x80 ? 1 : c < 0xc2 ? 0 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf5 ? 4 : 0;
  if (size == 0 || at + size > text.size()) return 0;
  for (size_t i = 1; i < size; ++i)
    if ((static_cast<unsigned char>(text[at + i]) & 0xc0) != 0x80) return 0;
  const auto second = size > 1 ? static_cast<unsigned char>(text[at + 1]) : 0U;
  if ((c == 0xe0 && second < 0xa0) || (c == 0xed && second > 0x9f) || (c == 0xf0 && second < 0x90) || (c == 0xf4 && second > 0x8f))
    return 0;
  return size;
}

void append_utf8(std::string& out, uint32_t code) {
  const auto put = [&](uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xc0 | (code >> 6));
    put(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    put(0xe0 | (code >> 12));
    put(0x80 | ((code >> 6) & 0x3f));
    put(0x80 | (code & 0x3f));
  } else {
    put(0xf0 | (code >> 18));
    put(0x80 | ((code >> 12) & 0x3f));
    put(0x80 | ((code >> 6) & 0x3f));
    put(0x80 | (code & 0x3f));
  }
}

std::optional<uint32_t> digits(std::string_view text, size_t at, size_t count, int base) {
  if (at + count > text.size()) return std::nullopt;
  uint32_t value = 0;
  const auto end = std::from_chars(text.data() + at, text.data() + at + count, value, base);
  if (end.ec != std::errc() || end.ptr != text.data() + at + count) return std::nullopt;
  return value;
}

/// One escape behind the backslash at `at`; moves `at` past it.
bool unescape(std::string_view body, size_t& at, char mark, std::string& out) {
  if (at >= body.size()) return false;
  const char c = body[at++];
  static constexpr std::string_view kFrom = "abfnrtv\\";
  static constexpr std::string_view kTo = "\a\b\f\n\r\t\v\\";
  if (const size_t i = kFrom.find(c); i != std::string_view::npos) return out.push_back(kTo[i]), true;
  if (c == mark) return out.push_back(c), true;
  if (c == 'x' || (c >= '0' && c <= '7')) {
    const size_t from = c == 'x' ? at : at - 1;
    const size_t count = c == 'x' ? 2 : 3;
    const auto value = digits(body, from, count, c == 'x' ? 16 : 8);
    if (!value || *value > 255) return false;
    out.push_back(static_cast<char>(*value));
    at = from + count;
    return true;
  }
  if (c == 'u' || c == 'U') {
    const size_t count = c == 'u' ? 4 : 8;
    const auto value = digits(body, at, count, 16);
    if (!value || *value > 0x10ffff || (*value >= 0xd800 && *value < 0xe000)) return false;
    append_utf8(out, *value);
    at += count;
    return true;
  }
  return false;
}

/// The character at `at` as Go's %#U prints it: U+0071 'q'.
std::string code_point(std::string_view text, size_t at) {
  const size_t size = std::max<size_t>(utf8_size(text, at), 1);
  const auto first = static_cast<unsigned char>(text[at]);
  uint32_t code = size == 1 ? first : first & (0xffU >> (size + 1));
  for (size_t i = 1; i < size; ++i) code = code << 6 | (static_cast<unsigned char>(text[at + i]) & 0x3fU);
  std::array<char, 16> hex{};
  const int length = std::snprintf(hex.data(), hex.size(), "U+%04X", code);
  const std::string number(hex.data(), static_cast<size_t>(length));
  return code < 0x20 || code == 0x7f ? number : number + " '" + std::string(text.substr(at, size)) + "'";
}

}  // namespace

std::string quote(std::string_view text) {
  static constexpr std::string_view kHex = "0123456789abcdef";
  static constexpr std::string_view kFrom = "\a\b\f\n\r\t\v\\\"";
  static constexpr std::string_view kTo = "abfnrtv\\\"";
  std::string out = "\"";
  for (size_t i = 0; i < text.size();) {
    const char c = text[i];
    const auto byte = static_cast<unsigned char>(c);
    if (const size_t known = kFrom.find(c); known != std::string_view::npos) {
      out.push_back('\\');
      out.push_back(kTo[known]);
      ++i;
    } else if (const size_t size = utf8_size(text, i); size == 0 || byte < 0x20 || byte == 0x7f) {
      out += "\\x";
      out.push_back(kHex[byte >> 4]);
      out.push_back(kHex[byte & 0xf]);
      ++i;
    } else {
      out.append(text, i, size);
      i += size;
    }
  }
  return out + "\"";
}

std::optional<std::string> unquote(std::string_view literal) {
  if (literal.size() < 2 || literal.front() != literal.back()) return std::nullopt;
  const char mark = literal.front();
  const std::string_view body = literal.substr(1, literal.size() - 2);
  if (mark == '`') return std::string(body);
  std::string out;
  for (size_t i = 0; i < body.size();) {
    const char c = body[i++];
    if (c == '\n' || c == mark) return std::nullopt;
    if (c != '\\') {
      out.push_back(c);
    } else if (!unescape(body, i, mark, out)) {
      return std::nullopt;
    }
  }
  return out;
}

std::string escape_fault(std::string_view literal) {
  const char mark = literal.front();
  const std::string_view body = literal.substr(1, literal.size() - 2);
  std::string ignored;
  size_t at = 0;
  for (at = body.find('\\'); at < body.size(); at = body.find('\\', at)) {
    ++at;
    if (const size_t begin = at; !unescape(body, at, mark, ignored)) {
      at = begin;
      break;
    }
  }
  if (at >= body.size()) return "escape sequence not terminated";
  const char kind = body[at];
  const bool octal = kind >= '0' && kind <= '7';
  if (kind != 'x' && kind != 'u' && kind != 'U' && !octal) return "unknown escape sequence " + code_point(body, at);
  size_t left = octal ? 3 : kind == 'x' ? 2 : kind == 'u' ? 4 : 8;
  for (at += octal ? 0 : 1; left > 0; --left, ++at) {
    if (at >= body.size()) return "illegal character " + code_point(literal, literal.size() - 1) + " in escape sequence";
    if (!digits(body, at, 1, octal ? 8 : 16)) return "illegal character " + code_point(body, at) + " in escape sequence";
  }
  return "escape sequence is an invalid Unicode code point";
}

std::string excerpt(std::string_view text) {
  constexpr size_t kMost = 200;
  if (text.size() <= kMost) return std::string(text);
  size_t size = kMost;
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xc0U) == 0x80U) --size;
  return std::string(text.substr(0, size)) + "...";
}

std::optional<int64_t> read_duration(std::string_view text, bool* out_of_range) {
  if (text.empty()) return std::nullopt;
  if (text == "0") return 0;
  int64_t total_ms = 0;
  size_t unit = 0;
  bool fits = true;
  while (!text.empty()) {
    uint64_t count = 0;
    const auto end = std::from_chars(text.data(), text.data() + text.size(), count);
    if (end.ec == std::errc::invalid_argument) return std::nullopt;
    fits = fits && end.ec == std::errc() && count <= static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
    text.remove_prefix(static_cast<size_t>(end.ptr - text.data()));
    size_t letters = 0;
    while (letters < text.size() && is_alpha(text[letters])) ++letters;
    const std::string_view name = text.substr(0, letters);
    while (unit < kUnits.size() && kUnits[unit].name != name) ++unit;
    if (unit == kUnits.size()) return std::nullopt;
    text.remove_prefix(letters);
    int64_t part = 0;
    fits = fits && !__builtin_mul_overflow(static_cast<int64_t>(count), kUnits[unit].ms, &part) &&
           !__builtin_add_overflow(total_ms, part, &total_ms);
    ++unit;
  }
  int64_t total_ns = 0;
  if (fits && !__builtin_mul_overflow(total_ms, int64_t{1000000}, &total_ns)) return total_ns;
  if (out_of_range != nullptr) *out_of_range = true;
  return std::nullopt;
}

std::string write_duration(int64_t duration_ns) {
  int64_t ms = duration_ns / 1000000;
  std::string out = ms < 0 ? "-" : "";
  if (ms == 0) return "0s";
  if (ms < 0) ms = -ms;
  for (const Unit& unit : kUnits) {
    const bool whole_only = unit.name == "y" || unit.name == "w";  // 90d is easier to read than 12w6d
    if (whole_only && ms % unit.ms != 0) continue;
    if (const int64_t count = ms / unit.ms; count > 0) {
      out += std::to_string(count) + std::string(unit.name);
      ms -= count * unit.ms;
    }
  }
  return out;
}

std::string write_number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  std::array<char, 400> buffer;
  const bool large = std::fabs(value) >= 1e16;
  const auto form = large ? std::chars_format::scientific : std::chars_format::fixed;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, form);
  const std::string_view text(buffer.data(), static_cast<size_t>(end.ptr - buffer.data()));
  if (!large) return std::string(text);
  // The digits that tell it from its neighbours, and zeros for the others.
  const size_t mark = text.find('e');
  size_t exponent = 0;
  std::from_chars(text.data() + mark + 2, text.data() + text.size(), exponent);
  std::string out;
  for (const char c : text.substr(0, mark))
    if (c != '.') out.push_back(c);
  out.append(exponent + 1 - (out.size() - (value < 0 ? 1 : 0)), '0');
  return out;
}

bool is_legacy_label(std::string_view name) { return name.find(':') == std::string_view::npos && is_legacy_metric(name); }

bool is_legacy_metric(std::string_view name) {
  if (name.empty() || is_digit(name.front())) return false;
  for (const char c : name)
    if (!is_alpha(c) && !is_digit(c) && c != ':') return false;
  return true;
}

bool is_utf8(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const size_t size = utf8_size(text, i);
    if (size == 0) return false;
    i += size;
  }
  return true;
}

}  // namespace tarsier::promql
