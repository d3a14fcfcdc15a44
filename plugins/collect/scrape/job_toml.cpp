#include "plugins/collect/scrape/job_toml.hpp"

#include <algorithm>

#include "plugins/lib/promql/text.hpp"

namespace tarsier::scrape {
namespace {

std::string_view take_line(std::string_view& text) {
  const std::string_view line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(line.size() + 1, text.size()));
  return line;
}

/// What is left of the name of a header below `array`: "[basic_auth]" of "[plugin.scrape.job.basic_auth]"; none: it is another's.
std::optional<std::string> header_below(std::string_view line, std::string_view array) {
  const size_t brackets = line.starts_with("[[") ? 2 : 1;
  std::string_view path = line.substr(brackets);
  if (!path.starts_with(array) || !path.substr(array.size()).starts_with('.')) return std::nullopt;
  path.remove_prefix(array.size() + 1);
  return std::string(line.substr(0, brackets)).append(path);
}

bool names(std::string_view line, std::string_view job) {
  constexpr std::string_view kKey = "job_name = ";
  return line.starts_with(kKey) && promql::unquote(line.substr(kKey.size())) == job;
}

}  // namespace

/// The host writes each value on the line of its key, so a line that begins with a bracket is a header.
std::optional<std::string> job_toml(std::string_view document, std::string_view array, std::string_view job) {
  const std::string element = "[[" + std::string(array) + "]]";
  std::string text;
  bool inside = false, in_head = false, found = false;
  while (!document.empty()) {
    const std::string_view line = take_line(document);
    if (!line.starts_with('[')) {
      found = found || (in_head && names(line, job));
      if (inside) text.append(line).push_back('\n');
      continue;
    }
    in_head = line == element;
    const auto below = inside ? header_below(line, array) : std::nullopt;
    if (below) {
      text.append(*below).push_back('\n');
      continue;
    }
    if (found) break;
    inside = in_head;
    text.clear();
  }
  if (!found) return std::nullopt;
  while (text.ends_with("\n\n")) text.pop_back();
  return text;
}

std::string array_of(std::string_view location) {
  const size_t place = location.rfind(": ");
  if (place != std::string_view::npos) location.remove_prefix(place + 2);
  return std::string(location.substr(0, location.rfind('[')));
}

}  // namespace tarsier::scrape
