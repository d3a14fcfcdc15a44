#include "plugins/lib/promql/position.hpp"

#include <algorithm>

namespace tarsier::promql {

std::string line_column(std::string_view query, uint32_t at) {
  const std::string_view before = query.substr(0, std::min<size_t>(at, query.size()));
  const auto lines = std::count(before.begin(), before.end(), '\n');
  const size_t last_break = before.rfind('\n');
  const size_t column = last_break == std::string_view::npos ? before.size() + 1 : before.size() - last_break;
  return std::to_string(lines + 1) + ":" + std::to_string(column);
}

Error parse_error(std::string_view query, Position position, std::string_view what) {
  if (query.empty()) return Error::invalid("unknown position: parse error: " + std::string(what));
  return Error::invalid(line_column(query, position.start) + ": parse error: " + std::string(what));
}

}  // namespace tarsier::promql
