#include "plugins/lib/promql/number.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <string>

namespace tarsier::promql {
namespace {

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_hex_digit(char c) { return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'f'); }

/// Takes a sign from the front; -1 or 1.
double take_sign(std::string_view& text) {
  if (text.empty() || (text.front() != '-' && text.front() != '+')) return 1;
  const double sign = text.front() == '-' ? -1 : 1;
  text.remove_prefix(1);
  return sign;
}

/// In lower case and without '_'.
std::string plain(std::string_view text) {
  std::string out;
  for (const char c : text)
    if (c != '_') out.push_back(lower(c));
  return out;
}

/// Whether digits that no double holds are so for being too large rather than too small. `digits` has no sign and no "0x".
bool is_huge(std::string_view digits, bool hex) {
  const size_t mark = std::min(digits.find(hex ? 'p' : 'e'), digits.size());
  const std::string_view mantissa = digits.substr(0, mark);
  const auto point = static_cast<int64_t>(std::min(mantissa.find('.'), mantissa.size()));
  const auto first = static_cast<int64_t>(mantissa.find_first_not_of("0."));
  int64_t exponent = 0;
  if (mark < digits.size()) {
    std::string_view text = digits.substr(mark + 1);
    const double sign = take_sign(text);
    const auto end = std::from_chars(text.data(), text.data() + text.size(), exponent);
    if (end.ec == std::errc::result_out_of_range) return sign > 0;
    if (sign < 0) exponent = -exponent;
  }
  return (point - first) * (hex ? 4 : 1) + exponent > 0;
}

std::optional<double> fault(bool range, bool* out_of_range) {
  if (out_of_range != nullptr) *out_of_range = range;
  return std::nullopt;
}

}  // namespace

bool underscores_fit(std::string_view text) {
  take_sign(text);
  const bool based = text.size() > 1 && text[0] == '0' && (lower(text[1]) == 'x' || lower(text[1]) == 'b' || lower(text[1]) == 'o');
  const bool hex = based && lower(text[1]) == 'x';
  char last = based ? '0' : '^';  // what stood before: a digit, '_', or something else
  for (const char c : text.substr(based ? 2 : 0)) {
    const bool digit = is_digit(c) || (hex && is_hex_digit(c));
    if (c == '_' ? last != '0' : last == '_' && !digit) return false;
    last = digit ? '0' : c == '_' ? '_' : '^';
  }
  return last != '_';
}

std::optional<double> read_float(std::string_view text, bool* out_of_range) {
  if (!underscores_fit(text)) return fault(false, out_of_range);
  const std::string all = plain(text);
  if (all == "nan") return std::numeric_limits<double>::quiet_NaN();
  std::string_view digits = all;
  const double sign = take_sign(digits);
  if (digits == "inf" || digits == "infinity") return sign * std::numeric_limits<double>::infinity();
  const bool hex = digits.substr(0, 2) == "0x";
  if (hex) digits.remove_prefix(2);
  const bool begins = !digits.empty() && (digits.front() == '.' || (hex ? is_hex_digit(digits.front()) : is_digit(digits.front())));
  if (!begins || (hex && digits.find('p') == std::string_view::npos)) return fault(false, out_of_range);
  double value = 0;
  const auto end = std::from_chars(digits.data(), digits.data() + digits.size(), value,
                                   hex ? std::chars_format::hex : std::chars_format::general);
  if (end.ptr != digits.data() + digits.size() || end.ec == std::errc::invalid_argument) return fault(false, out_of_range);
  if (end.ec == std::errc::result_out_of_range) {
    if (is_huge(digits, hex)) return fault(true, out_of_range);
    value = 0;
  }
  return sign * value;
}

std::optional<double> read_number(std::string_view text, bool* out_of_range) {
  const std::string all = plain(text);
  const bool hex = all.substr(0, 2) == "0x";
  const bool octal = !hex && all.size() > 1 && all.front() == '0';
  if ((hex || octal) && underscores_fit(text)) {
    const char* const first = all.data() + (hex ? 2 : 1);
    int64_t whole = 0;
    const auto end = std::from_chars(first, all.data() + all.size(), whole, hex ? 16 : 8);
    if (end.ec == std::errc() && end.ptr == all.data() + all.size() && *first != '-') return static_cast<double>(whole);
  }
  return read_float(text, out_of_range);
}

std::optional<int64_t> read_integer(std::string_view text, bool* out_of_range) {
  const std::string_view digits = !text.empty() && text.front() == '+' ? text.substr(1) : text;
  int64_t value = 0;
  const auto end = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  const bool whole = end.ptr == digits.data() + digits.size() && (digits.size() == text.size() || digits.substr(0, 1) != "-");
  if (whole && end.ec == std::errc()) return value;
  if (out_of_range != nullptr) *out_of_range = whole && end.ec == std::errc::result_out_of_range;
  return std::nullopt;
}

}  // namespace tarsier::promql
