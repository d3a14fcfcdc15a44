#include "plugins/lib/template/humanize.hpp"

#include <array>
#include <cmath>
#include <cstdio>
#include <ctime>

#include "plugins/lib/template/value.hpp"

namespace tarsier::tmpl {
namespace {

std::string formatted(const char* format, double value) {
  std::array<char, 400> buffer{};
  const int size = std::snprintf(buffer.data(), buffer.size(), format, value);
  return {buffer.data(), static_cast<size_t>(size)};
}

}  // namespace

std::string four_digits(double value) {
  if (std::isnan(value) || std::isinf(value)) return print_float(value);
  return formatted("%.4g", value);
}

std::string humanize(double value) {
  if (value == 0 || std::isnan(value) || std::isinf(value)) return four_digits(value);
  static constexpr const char* kLarge[] = {"", "k", "M", "G", "T", "P", "E", "Z", "Y"};
  static constexpr const char* kSmall[] = {"", "m", "u", "n", "p", "f", "a", "z", "y"};
  size_t step = 0;
  if (std::fabs(value) >= 1) {
    for (; step < 8 && std::fabs(value) >= 1000; ++step) value /= 1000;
    return four_digits(value) + kLarge[step];
  }
  for (; step < 8 && std::fabs(value) < 1; ++step) value *= 1000;
  return four_digits(value) + kSmall[step];
}

std::string humanize1024(double value) {
  if (std::fabs(value) <= 1 || std::isnan(value) || std::isinf(value)) return four_digits(value);
  static constexpr const char* kUnits[] = {"", "ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi"};
  size_t step = 0;
  for (; step < 8 && std::fabs(value) >= 1024; ++step) value /= 1024;
  return four_digits(value) + kUnits[step];
}

std::string humanize_duration(double seconds) {
  if (std::isnan(seconds) || std::isinf(seconds) || std::fabs(seconds) > 9e15) return four_digits(seconds);
  if (seconds == 0) return four_digits(seconds) + "s";
  if (std::fabs(seconds) >= 1) {
    const char* sign = seconds < 0 ? "-" : "";
    const auto whole = static_cast<int64_t>(std::fabs(seconds));
    const int64_t days = whole / 86400;
    const int64_t hours = whole / 3600 % 24;
    const int64_t minutes = whole / 60 % 60;
    const std::string rest = std::to_string(whole % 60) + "s";
    if (days != 0) return sign + std::to_string(days) + "d " + std::to_string(hours) + "h " + std::to_string(minutes) + "m " + rest;
    if (hours != 0) return sign + std::to_string(hours) + "h " + std::to_string(minutes) + "m " + rest;
    if (minutes != 0) return sign + std::to_string(minutes) + "m " + rest;
    return four_digits(seconds) + "s";
  }
  static constexpr const char* kSmall[] = {"", "m", "u", "n", "p", "f", "a", "z", "y"};
  size_t step = 0;
  for (; step < 8 && std::fabs(seconds) < 1; ++step) seconds *= 1000;
  return four_digits(seconds) + kSmall[step] + "s";
}

std::string humanize_percentage(double ratio) { return four_digits(ratio * 100) + "%"; }

std::string humanize_timestamp(double seconds) {
  if (std::isnan(seconds) || std::isinf(seconds) || std::fabs(seconds) > 9e9) return four_digits(seconds);
  // Prometheus keeps milliseconds of a time.
  const auto milliseconds = static_cast<int64_t>(std::floor(std::trunc(seconds * 1e9) / 1e6));
  const int64_t fraction = ((milliseconds % 1000) + 1000) % 1000;
  const auto time = static_cast<std::time_t>((milliseconds - fraction) / 1000);
  std::tm parts{};
  gmtime_r(&time, &parts);
  std::array<char, 64> buffer{};
  const size_t size = std::strftime(buffer.data(), buffer.size(), "%Y-%m-%d %H:%M:%S", &parts);
  std::string text(buffer.data(), size);
  if (fraction > 0) {
    std::string digits = std::to_string(1000 + fraction).substr(1);
    while (digits.back() == '0') digits.pop_back();
    text += "." + digits;
  }
  return text + " +0000 UTC";
}

}  // namespace tarsier::tmpl
