// Numbers from and to text.
#include "plugins/lib/exposition/number.hpp"

#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>

namespace tarsier::exposition {
namespace {

constexpr uint64_t kNaNBits = UINT64_C(0x7ff8000000000001);
// Below and from these on, Go's client library prints an exponent.
constexpr double kSmallestPlain = 1e-4;
constexpr double kFirstWithExponent = 1e6;

bool equals_ignoring_case(std::string_view text, std::string_view lower) noexcept {
  if (text.size() != lower.size()) return false;
  for (size_t i = 0; i < text.size(); ++i)
    if ((text[i] | 0x20) != lower[i]) return false;
  return true;
}

/// Up to 15 digits and the power of ten that they are divided by fit a double exactly, so that the quotient is the nearest one.
bool parse_short_decimal(std::string_view text, double& value) noexcept {
  constexpr size_t kMostDigits = 15;
  constexpr std::array<double, kMostDigits + 1> kPowers = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                                           1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
  if (text.size() > kMostDigits) return false;
  uint64_t number = 0;
  size_t point = text.size();
  for (size_t at = 0; at < text.size(); ++at) {
    const auto digit = static_cast<unsigned>(text[at] - '0');
    if (digit <= 9) {
      number = number * 10 + digit;
    } else if (text[at] == '.' && point == text.size() && text.size() > 1) {
      point = at;
    } else {
      return false;
    }
  }
  value = static_cast<double>(number);
  if (point < text.size()) value /= kPowers[text.size() - point - 1];
  return true;
}

bool parse_special(std::string_view text, bool negative, double& value) noexcept {
  if (equals_ignoring_case(text, "nan")) {
    value = std::bit_cast<double>(kNaNBits);
    return true;
  }
  if (!equals_ignoring_case(text, "inf") && !equals_ignoring_case(text, "infinity")) return false;
  value = negative ? -std::numeric_limits<double>::infinity() : std::numeric_limits<double>::infinity();
  return true;
}

/// from_chars does not say whether a number is too large (refused) or too small (zero).
bool parse_out_of_range(std::string_view text, double& value) {
  const std::string copy(text);
  value = std::strtod(copy.c_str(), nullptr);
  return std::isfinite(value);
}

}  // namespace

bool parse_number(std::string_view text, double& value) noexcept {
  if (text.empty()) return false;
  if (parse_short_decimal(text, value)) return true;
  const bool negative = text.front() == '-';
  if (negative || text.front() == '+') text.remove_prefix(1);
  if (text.empty()) return false;
  if (const char first = text.front(); (first < '0' || first > '9') && first != '.') return parse_special(text, negative, value);
  const char* const end = text.data() + text.size();
  const auto [stop, code] = std::from_chars(text.data(), end, value, std::chars_format::general);
  if (stop != end || code == std::errc::invalid_argument) return false;
  if (code == std::errc::result_out_of_range && !parse_out_of_range(text, value)) return false;
  if (negative) value = -value;
  return true;
}

void append_number(std::string& out, double value) {
  if (std::isnan(value)) {
    out += "NaN";
    return;
  }
  if (std::isinf(value)) {
    out += value > 0 ? "+Inf" : "-Inf";
    return;
  }
  char text[40];
  const double magnitude = std::fabs(value);
  if (magnitude < kFirstWithExponent && value == std::trunc(value) && !(value == 0 && std::signbit(value))) {
    const auto [end, code] = std::to_chars(text, text + sizeof(text), static_cast<int32_t>(value));
    out.append(text, code == std::errc() ? end : text);
    return;
  }
  const bool plain = magnitude == 0 || (magnitude >= kSmallestPlain && magnitude < kFirstWithExponent);
  const auto format = plain ? std::chars_format::fixed : std::chars_format::scientific;
  out.append(text, std::to_chars(text, text + sizeof(text), value, format).ptr);
}

void append_open_metrics_number(std::string& out, double value) {
  const size_t begin = out.size();
  append_number(out, value == 0 ? 0 : value);  // no negative zero
  if (std::isfinite(value) && out.find_first_of(".e", begin) == std::string::npos) out += ".0";
}

}  // namespace tarsier::exposition
