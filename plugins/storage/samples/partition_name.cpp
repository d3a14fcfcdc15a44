#include "partition_name.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>

namespace tarsier::samples {
namespace {

constexpr std::string_view kPrefix = "samples/";
constexpr int64_t kNsPerSecond = 1'000'000'000;

/// Takes digits from the front of `text`.
template <class Number>
bool take_number(std::string_view& text, size_t digits, Number& out) {
  if (text.size() < digits) return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + digits, out);
  if (error != std::errc() || end != text.data() + digits) return false;
  text.remove_prefix(digits);
  return true;
}

bool take(std::string_view& text, char wanted) {
  if (!text.starts_with(wanted)) return false;
  text.remove_prefix(1);
  return true;
}

/// "2026-11-22T1000" or "2026-11-22T100030".
bool parse_begin(std::string_view text, int64_t& begin) {
  std::tm calendar{};
  if (!take_number(text, 4, calendar.tm_year) || !take(text, '-') || !take_number(text, 2, calendar.tm_mon) || !take(text, '-') ||
      !take_number(text, 2, calendar.tm_mday) || !take(text, 'T') || !take_number(text, 2, calendar.tm_hour) ||
      !take_number(text, 2, calendar.tm_min)) {
    return false;
  }
  if (!text.empty() && (!take_number(text, 2, calendar.tm_sec) || !text.empty())) return false;
  calendar.tm_year -= 1900;
  calendar.tm_mon -= 1;
  return !__builtin_mul_overflow(int64_t{timegm(&calendar)}, kNsPerSecond, &begin);
}

bool parse_number(std::string_view text, uint64_t& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

struct Unit {
  char name;
  uint64_t ns;
};
constexpr std::array<Unit, 5> kUnits = {
    {{'d', 86'400'000'000'000}, {'h', 3'600'000'000'000}, {'m', 60'000'000'000}, {'s', 1'000'000'000}, {'n', 1}}};

}  // namespace

bool parse_span(std::string_view text, uint64_t& span) {
  if (text.empty()) return false;
  const auto unit = std::find_if(kUnits.begin(), kUnits.end(), [&](const Unit& one) { return one.name == text.back(); });
  uint64_t count = 0;
  if (unit == kUnits.end() || !parse_number(text.substr(0, text.size() - 1), count)) return false;
  return !__builtin_mul_overflow(count, unit->ns, &span);
}

namespace {

/// "5m." in front: the tier.
bool take_tier(std::string_view& name, int64_t& tier_ns) {
  const size_t dot = name.find('.');
  uint64_t span = 0;
  tier_ns = 0;
  if (dot == std::string_view::npos || !parse_span(name.substr(0, dot), span)) return true;
  if (span == 0 || span > INT64_MAX) return false;
  tier_ns = static_cast<int64_t>(span);
  name.remove_prefix(dot + 1);
  return true;
}

}  // namespace

std::string span_text(uint64_t ns) {
  const auto unit = std::find_if(kUnits.begin(), kUnits.end(), [&](const Unit& one) { return ns % one.ns == 0; });
  return std::to_string(ns / unit->ns) + unit->name;
}

std::string partition_name(const Cover& cover) {
  const int64_t rest = cover.begin % kNsPerSecond;
  // The lowest time lies in no whole second that 64 bits can name, so the one above it stands for it.
  const bool nameable = cover.begin >= 0 || cover.begin - INT64_MIN >= kNsPerSecond;
  const std::time_t seconds = cover.begin / kNsPerSecond - (rest < 0 && nameable ? 1 : 0);
  std::tm calendar{};
  gmtime_r(&seconds, &calendar);
  std::array<char, 32> text{};
  const size_t size =
      std::strftime(text.data(), text.size(), calendar.tm_sec == 0 ? "%Y-%m-%dT%H%M" : "%Y-%m-%dT%H%M%S", &calendar);
  const std::string tier = cover.tier_ns == 0 ? "" : span_text(static_cast<uint64_t>(cover.tier_ns)) + ".";
  const uint64_t span = static_cast<uint64_t>(cover.end) - static_cast<uint64_t>(cover.begin);
  return std::string(kPrefix) + tier + std::string(text.data(), size) + "." + span_text(span) + "." +
         std::to_string(cover.first_flush) + "-" + std::to_string(cover.last_flush) +
         (cover.revision == 0 ? "" : ".r" + std::to_string(cover.revision));
}

bool parse_partition_name(std::string_view name, Cover& cover) {
  cover = {};
  if (!name.starts_with(kPrefix)) return false;
  name.remove_prefix(kPrefix.size());
  if (!take_tier(name, cover.tier_ns)) return false;
  const size_t dot = name.find('.');
  if (dot == std::string_view::npos || !parse_begin(name.substr(0, dot), cover.begin)) return false;
  name.remove_prefix(dot + 1);
  const size_t next = name.find('.');
  uint64_t span = 0;
  if (next == std::string_view::npos || !parse_span(name.substr(0, next), span)) return false;
  // The highest time there is when the end lies behind that.
  if (__builtin_add_overflow(cover.begin, span, &cover.end)) cover.end = INT64_MAX;
  name.remove_prefix(next + 1);
  const size_t dash = name.find('-');
  if (dash == std::string_view::npos) return false;
  const std::string_view last = name.substr(dash + 1), revision = last.substr(std::min(last.find('.'), last.size()));
  if (!revision.empty() &&
      (!revision.starts_with(".r") || !parse_number(revision.substr(2), cover.revision) || cover.revision == 0))
    return false;
  return parse_number(name.substr(0, dash), cover.first_flush) &&
         parse_number(last.substr(0, last.size() - revision.size()), cover.last_flush);
}

size_t count_within(std::span<const Cover> all, const Cover& cover) noexcept {
  return static_cast<size_t>(std::count_if(all.begin(), all.end(), [&](const Cover& one) { return one.is_part_of(cover); }));
}

std::vector<std::string> obsolete(std::span<const NamedCover> all) {
  std::vector<std::string> names;
  for (size_t i = 0; i < all.size(); ++i) {
    for (size_t j = 0; j < all.size(); ++j) {
      if (i == j || !all[i].cover.lies_within(all[j].cover)) continue;
      if (all[i].cover == all[j].cover && i > j) continue;
      names.push_back(all[i].name);
      break;
    }
  }
  return names;
}

}  // namespace tarsier::samples
