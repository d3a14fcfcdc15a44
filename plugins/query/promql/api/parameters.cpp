#include "plugins/query/promql/api/parameters.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>

#include "plugins/lib/promql/matching.hpp"
#include "plugins/lib/promql/number.hpp"
#include "plugins/lib/promql/text.hpp"
#include "plugins/query/promql/api/envelope.hpp"

namespace tarsier::promql {
namespace {

constexpr int64_t kMs = 1'000'000;
constexpr double kMaxSeconds = 9223372036.854;

/// Takes `least` to `most` digits and what must follow them; "": nothing must.
bool take(std::string_view& text, size_t least, size_t most, std::string_view follows, int& out) {
  size_t digits = 0;
  for (out = 0; digits < most && digits < text.size() && text[digits] >= '0' && text[digits] <= '9'; ++digits)
    out = out * 10 + (text[digits] - '0');
  if (digits < least) return false;
  text.remove_prefix(digits);
  if (text.substr(0, follows.size()) != follows) return false;
  text.remove_prefix(follows.size());
  return true;
}

/// Takes ".5" or ",5", as nanoseconds; what is finer is cut. False when no digit follows.
bool take_fraction(std::string_view& text, int64_t& nanos) {
  if (text.empty() || (text.front() != '.' && text.front() != ',')) return true;
  text.remove_prefix(1);
  size_t digits = 0;
  for (; digits < text.size() && text[digits] >= '0' && text[digits] <= '9'; ++digits)
    if (digits < 9) nanos = nanos * 10 + (text[digits] - '0');
  for (size_t i = digits; i < 9; ++i) nanos *= 10;
  text.remove_prefix(digits);
  return digits != 0;
}

/// "Z" or "+02:00". Some write offsets of 24 hours or 60 minutes, and the original takes them.
bool take_offset(std::string_view text, int64_t& seconds) {
  if (text == "Z") return true;
  if (text.empty() || (text.front() != '+' && text.front() != '-')) return false;
  const int64_t sign = text.front() == '-' ? -1 : 1;
  int hours = 0, minutes = 0;
  text.remove_prefix(1);
  if (!take(text, 2, 2, ":", hours) || !take(text, 2, 2, "", minutes) || hours > 24 || minutes > 60) return false;
  seconds = sign * (int64_t{hours} * 3600 + int64_t{minutes} * 60);
  return text.empty();
}

/// As Go reads it: capital T and Z, the hour in one digit or two, a point or a comma before the fraction.
std::optional<int64_t> read_rfc3339(std::string_view text) {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
  int64_t nanos = 0, offset = 0;
  if (!take(text, 4, 4, "-", year) || !take(text, 2, 2, "-", month) || !take(text, 2, 2, "T", day) ||
      !take(text, 1, 2, ":", hour) || !take(text, 2, 2, ":", minute) || !take(text, 2, 2, "", second))
    return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok() || hour > 23 || minute > 59 || second > 59) return std::nullopt;
  if (!take_fraction(text, nanos) || !take_offset(text, offset)) return std::nullopt;
  const int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  const int64_t seconds = days * 86400 + hour * 3600 + minute * 60 + second - offset;
  return std::clamp(seconds * 1'000 + nanos / kMs, kMinTimeNs / kMs, kMaxTimeNs / kMs) * kMs;
}

}  // namespace

std::optional<int64_t> read_time(std::string_view text) {
  if (text == "-292273086-05-16T16:47:06Z") return kMinTimeNs;
  if (text == "292277025-08-18T07:12:54.999999999Z") return kMaxTimeNs;
  // The original takes NaN and Inf, too, and makes of them whatever the processor does.
  if (const auto seconds = read_float(text); seconds && std::isfinite(*seconds))
    return static_cast<int64_t>(std::llround(std::clamp(*seconds, -kMaxSeconds, kMaxSeconds) * 1e3)) * kMs;
  return read_rfc3339(text);
}

Result<int64_t> read_length(std::string_view text) {
  const std::string fault = "cannot parse " + quote(text) + " to a valid duration";
  if (const auto seconds = read_float(text); seconds && !std::isnan(*seconds)) {
    if (!(std::fabs(*seconds) <= kMaxSeconds)) return Error::invalid(fault + ". It overflows int64");
    return static_cast<int64_t>(*seconds * 1e9);
  }
  const auto length = read_duration(text);
  if (!length) return Error::invalid(fault);
  return *length;
}

std::optional<bool> read_bool(std::string_view text) {
  for (const char* yes : {"1", "t", "T", "TRUE", "true", "True"}) {
    if (text == yes) return true;
  }
  for (const char* no : {"0", "f", "F", "FALSE", "false", "False"}) {
    if (text == no) return false;
  }
  return std::nullopt;
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
  bool out_of_range = false;
  const auto value = read_integer(text, &out_of_range);
  if (!value)
    return BadParameter{"limit",
                        "strconv.Atoi: parsing " + quote(text) + (out_of_range ? ": value out of range" : ": invalid syntax")};
  if (*value < 0) return BadParameter{"limit", "limit must be non-negative"};
  out = static_cast<uint64_t>(*value);
  return std::nullopt;
}

std::optional<BadParameter> read_series_parameters(const http::Form& form, SeriesParameters& out) {
  if (auto bad = read_limit(form, out.limit)) return bad;
  if (auto bad = read_time_parameter(form, "start", out.start_ns)) return bad;
  if (auto bad = read_time_parameter(form, "end", out.end_ns)) return bad;
  auto matchers = read_match_parameters(form.all("match[]"));
  if (!matchers) return BadParameter{"match[]", matchers.error().message()};
  out.matchers = std::move(*matchers);
  return std::nullopt;
}

void refuse(const http::Exchange& exchange, const BadParameter& bad) {
  if (bad.name.empty()) return refuse(exchange, 400, "bad_data", bad.text);
  refuse_parameter(exchange, bad.name, bad.text);
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
