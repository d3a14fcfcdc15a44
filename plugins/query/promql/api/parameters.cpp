#include "plugins/query/promql/api/parameters.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "plugins/lib/promql/parser.hpp"
#include "plugins/lib/promql/text.hpp"

namespace tarsier::promql {
namespace {

constexpr int64_t kMs = 1'000'000;
constexpr double kMaxSeconds = 9223372036.854;

/// Days since 1970 of a date of the proleptic Gregorian calendar.
int64_t days_of(int64_t year, int64_t month, int64_t day) {
  year -= month <= 2 ? 1 : 0;
  const int64_t era = (year >= 0 ? year : year - 399) / 400;
  const int64_t of_era = year - era * 400;
  const int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

/// Takes `digits` digits and what must follow them.
bool take(std::string_view& text, size_t digits, std::string_view follows, int64_t& out) {
  if (text.size() < digits) return false;
  const auto end = std::from_chars(text.data(), text.data() + digits, out);
  if (end.ec != std::errc() || end.ptr != text.data() + digits || out < 0) return false;
  text.remove_prefix(digits);
  if (follows.empty()) return true;
  if (text.empty() || follows.find(text.front()) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

std::optional<int64_t> read_rfc3339(std::string_view text) {
  int64_t year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, nanos = 0, offset = 0;
  if (!take(text, 4, "-", year) || !take(text, 2, "-", month) || !take(text, 2, "Tt", day) || !take(text, 2, ":", hour) ||
      !take(text, 2, ":", minute) || !take(text, 2, "", second))
    return std::nullopt;
  if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 59) return std::nullopt;
  if (!text.empty() && text.front() == '.') {
    text.remove_prefix(1);
    size_t digits = 0;
    for (; digits < text.size() && text[digits] >= '0' && text[digits] <= '9'; ++digits)
      if (digits < 9) nanos = nanos * 10 + (text[digits] - '0');
    if (digits == 0) return std::nullopt;
    for (size_t i = std::min<size_t>(digits, 9); i < 9; ++i) nanos *= 10;
    text.remove_prefix(digits);
  }
  if (text == "Z" || text == "z") {
    text = {};
  } else if (!text.empty() && (text.front() == '+' || text.front() == '-')) {
    const int64_t sign = text.front() == '-' ? -1 : 1;
    int64_t hours = 0, minutes = 0;
    text.remove_prefix(1);
    if (!take(text, 2, ":", hours) || !take(text, 2, "", minutes)) return std::nullopt;
    offset = sign * (hours * 3600 + minutes * 60);
  } else {
    return std::nullopt;
  }
  if (!text.empty()) return std::nullopt;
  const int64_t seconds = days_of(year, month, day) * 86400 + hour * 3600 + minute * 60 + second - offset;
  return std::clamp(seconds * 1'000 + nanos / kMs, kMinTimeNs / kMs, kMaxTimeNs / kMs) * kMs;
}

}  // namespace

std::optional<int64_t> read_time(std::string_view text) {
  if (text == "-292273086-05-16T16:47:06Z") return kMinTimeNs;
  if (text == "292277025-08-18T07:12:54.999999999Z") return kMaxTimeNs;
  const bool decimal = !text.empty() && text.find_first_not_of("+-.0123456789eE") == std::string_view::npos;
  if (decimal) {
    if (const auto seconds = read_number(text); seconds && std::isfinite(*seconds))
      return static_cast<int64_t>(std::llround(std::clamp(*seconds, -kMaxSeconds, kMaxSeconds) * 1e3)) * kMs;
  }
  return read_rfc3339(text);
}

std::optional<int64_t> read_length(std::string_view text) {
  if (const auto seconds = read_number(text)) {
    if (!(std::fabs(*seconds) <= kMaxSeconds)) return std::nullopt;
    return static_cast<int64_t>(*seconds * 1e3) * kMs;
  }
  return read_duration(text);
}

std::optional<BadParameter> read_time_parameter(const http::Form& form, std::string_view name, int64_t& out) {
  const std::string_view text = form.get(name);
  if (text.empty()) return std::nullopt;
  const auto time = read_time(text);
  if (!time)
    return BadParameter{std::string(name), "invalid time value for '" + std::string(name) + "': cannot parse " + quote(text) +
                                               " to a valid timestamp"};
  out = *time;
  return std::nullopt;
}

std::optional<BadParameter> read_limit(const http::Form& form, uint64_t& out) {
  const std::string_view text = form.get("limit");
  if (text.empty()) return std::nullopt;
  int64_t value = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), value);
  if (end.ec != std::errc() || end.ptr != text.data() + text.size())
    return BadParameter{"limit", "strconv.Atoi: parsing " + quote(text) + ": invalid syntax"};
  if (value < 0) return BadParameter{"limit", "limit must be non-negative"};
  out = static_cast<uint64_t>(value);
  return std::nullopt;
}

std::optional<BadParameter> read_series_parameters(const http::Form& form, SeriesParameters& out) {
  if (auto bad = read_limit(form, out.limit)) return bad;
  if (auto bad = read_time_parameter(form, "start", out.start_ns)) return bad;
  if (auto bad = read_time_parameter(form, "end", out.end_ns)) return bad;
  for (const std::string_view text : form.all("match[]")) {
    auto matchers = parse_selector(text);
    if (!matchers) return BadParameter{"match[]", matchers.error().message()};
    out.matchers.push_back(std::move(*matchers));
  }
  return std::nullopt;
}

std::string unescape_label(std::string_view name) {
  if (name.substr(0, 3) != "U__") return std::string(name);
  std::string out;
  for (std::string_view rest = name.substr(3); !rest.empty();) {
    if (rest.front() != '_') {
      out.push_back(rest.front());
      rest.remove_prefix(1);
      continue;
    }
    const size_t end = rest.find('_', 1);
    if (end == std::string_view::npos) return std::string(name);
    uint32_t code = 0;
    const auto parsed = std::from_chars(rest.data() + 1, rest.data() + end, code, 16);
    if (end == 1) {
      out.push_back('_');
    } else if (parsed.ec == std::errc() && parsed.ptr == rest.data() + end && code < 0x110000) {
      const auto literal = "\"\\U" + [&] {
        std::string digits(8, '0');
        for (size_t i = 8; i-- > 0; code /= 16) digits[i] = "0123456789abcdef"[code % 16];
        return digits;
      }() + "\"";
      const auto text = unquote(literal);
      if (!text) return std::string(name);
      out += *text;
    } else {
      return std::string(name);
    }
    rest.remove_prefix(end + 1);
  }
  return out;
}

}  // namespace tarsier::promql
