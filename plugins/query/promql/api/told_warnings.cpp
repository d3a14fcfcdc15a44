#include "plugins/query/promql/api/told_warnings.hpp"

namespace tarsier::promql {

void ToldWarnings::tell(const Host& host, std::string_view where, const std::vector<std::string>& warnings) {
  for (const std::string& text : warnings) {
    std::string line = std::string(where) + ": " + text;
    {
      const std::lock_guard lock(mutex_);
      if (told_.size() >= kMostKept) told_.clear();
      if (!told_.insert(line).second) continue;
    }
    host.warn(line);
  }
}

}  // namespace tarsier::promql
