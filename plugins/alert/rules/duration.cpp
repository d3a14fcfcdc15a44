#include <array>
#include <cctype>

#include "plugins/alert/rules/rule_file.hpp"

namespace tarsier::rules {
namespace {

struct Unit {
  std::string_view name;
  int64_t ms;
};
constexpr std::array<Unit, 7> kUnits = {
    {{"y", 31536000000}, {"w", 604800000}, {"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}}};

}  // namespace

Result<int64_t> parse_duration(std::string_view text) {
  const auto bad = [&] { return Error::invalid("not a valid duration string: \"" + std::string(text) + "\""); };
  if (text == "0") return int64_t{0};
  if (text.empty()) return bad();
  int64_t total_ms = 0;
  size_t next_unit = 0;
  for (size_t at = 0; at < text.size();) {
    int64_t amount = 0;
    const size_t digits = at;
    while (at < text.size() && std::isdigit(static_cast<unsigned char>(text[at])) != 0 && at - digits < 12)
      amount = amount * 10 + (text[at++] - '0');
    const size_t begin = at;
    while (at < text.size() && std::isalpha(static_cast<unsigned char>(text[at])) != 0) ++at;
    size_t unit = next_unit;
    while (unit < kUnits.size() && kUnits[unit].name != text.substr(begin, at - begin)) ++unit;
    if (begin == digits || unit == kUnits.size()) return bad();
    if (amount > (INT64_MAX / 1000000 - total_ms) / kUnits[unit].ms)
      return Error::invalid("duration out of range: \"" + std::string(text) + "\"");
    total_ms += amount * kUnits[unit].ms;
    next_unit = unit + 1;  // from the largest unit to the smallest, each once
  }
  return total_ms * 1000000;
}

std::string format_duration(int64_t ns) {
  int64_t ms = ns / 1000000;
  if (ms == 0) return "0s";
  std::string text;
  for (const Unit& unit : kUnits) {
    // Years and weeks only when they are all of it, as 90d reads better than 12w6d.
    if ((unit.name == "y" || unit.name == "w") && ms % unit.ms != 0) continue;
    if (ms >= unit.ms) text += std::to_string(ms / unit.ms) + std::string(unit.name);
    ms %= unit.ms;
  }
  return text;
}

}  // namespace tarsier::rules
