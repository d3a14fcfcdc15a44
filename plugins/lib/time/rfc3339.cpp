#include "plugins/lib/time/rfc3339.hpp"

#include <array>
#include <cstdio>
#include <ctime>

namespace tarsier {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

struct Split {
  std::string seconds;  // "2026-11-22T10:23:51"
  int64_t fraction_ns;
};

Split split(int64_t ns) {
  const int64_t fraction = ((ns % kSecond) + kSecond) % kSecond;
  const auto time = static_cast<std::time_t>((ns - fraction) / kSecond);
  std::tm parts{};
  gmtime_r(&time, &parts);
  std::array<char, 40> buffer{};
  const size_t size = std::strftime(buffer.data(), buffer.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  return {{buffer.data(), size}, fraction};
}

}  // namespace

std::string print_rfc3339(int64_t ns) {
  if (ns == 0) return "0001-01-01T00:00:00Z";
  auto [text, fraction] = split(ns);
  if (fraction != 0) {
    std::string digits = std::to_string(kSecond + fraction).substr(1);
    while (digits.back() == '0') digits.pop_back();
    text += "." + digits;
  }
  return text + "Z";
}

std::string print_rfc3339_ms(int64_t ns) {
  if (ns == 0) return "0001-01-01T00:00:00.000Z";
  const auto [text, fraction] = split(ns);
  return text + "." + std::to_string(1000 + fraction / 1'000'000).substr(1) + "Z";
}

Result<int64_t> parse_rfc3339(std::string_view text) {
  const auto bad = [&] { return Error::invalid("not a time by RFC 3339: \"" + std::string(text) + "\""); };
  std::tm parts{};
  const std::string owned(text);
  const char* at = strptime(owned.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
  if (at == nullptr) return bad();
  int64_t fraction = 0;
  if (*at == '.') {
    int64_t scale = kSecond / 10;
    for (++at; *at >= '0' && *at <= '9'; ++at, scale /= 10) fraction += (*at - '0') * scale;
  }
  int64_t offset_s = 0;
  if (*at == 'Z' || *at == 'z') {
    ++at;
  } else if (*at == '+' || *at == '-') {
    int hours = 0;
    int minutes = 0;
    int used = 0;
    if (std::sscanf(at + 1, "%2d:%2d%n", &hours, &minutes, &used) != 2 || used != 5) return bad();
    offset_s = (*at == '-' ? int64_t{-1} : int64_t{1}) * (hours * 3600 + minutes * 60);
    at += 6;
  } else {
    return bad();
  }
  if (*at != '\0') return bad();
  if (parts.tm_year < -130) return int64_t{0};
  if (parts.tm_year > 361) return bad();  // int64 nanoseconds end in 2262
  return (static_cast<int64_t>(timegm(&parts)) - offset_s) * kSecond + fraction;
}

}  // namespace tarsier
