#include "core/config/placed_errors.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

namespace tarsier::config {
namespace {

// Takes "17: " from the front of `rest`, with `after` behind the number.
std::optional<uint32_t> take_number(std::string_view& rest, std::string_view after) {
  uint32_t number = 0;
  const auto [end, failure] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
  const std::string_view behind = rest.substr(static_cast<size_t>(end - rest.data()));
  if (failure != std::errc() || !behind.starts_with(after)) return std::nullopt;
  rest = behind.substr(after.size());
  return number;
}

// "plugin.node.interval: " is the path of a key; what else begins a message is not.
std::string take_key(std::string_view& rest) {
  const size_t end = rest.find(": ");
  if (end == std::string_view::npos || !(rest.starts_with("plugin.") || rest.starts_with("host."))) return {};
  std::string key(rest.substr(0, end));
  rest.remove_prefix(end + 2);
  return key;
}

std::optional<Finding> at_its_own_place(std::string_view line) {
  const size_t limit = std::min(line.find(": "), line.size());  // the file's name ends before the first word of the message
  for (size_t colon = line.find(':'); colon < limit; colon = line.find(':', colon + 1)) {
    std::string_view rest = line.substr(colon + 1);
    const auto row = take_number(rest, ":");
    const auto column = row ? take_number(rest, ": ") : std::nullopt;
    if (colon == 0 || !column) continue;
    std::string key = take_key(rest);
    return Finding{Severity::error, std::string(line.substr(0, colon)), *row, *column, std::move(key), std::string(rest)};
  }
  return std::nullopt;
}

}  // namespace

Findings placed_errors(std::string_view text, const Position& position, std::string_view path) {
  Findings findings;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty()) continue;
    auto own = at_its_own_place(line);
    findings.push_back(own ? std::move(*own) : error_at(position, path, std::string(line)));
  }
  return findings;
}

}  // namespace tarsier::config
