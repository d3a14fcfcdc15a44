// Sorted labels of a target, owned.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace tarsier::scrape {

using LabelSet = std::map<std::string, std::string, std::less<>>;

inline std::string_view get(const LabelSet& labels, std::string_view name) {
  const auto found = labels.find(name);
  return found == labels.end() ? std::string_view{} : std::string_view(found->second);
}

/// Labels that are only for the scraping itself begin so, and no series gets them.
inline bool is_internal(std::string_view name) { return name.starts_with("__"); }

}  // namespace tarsier::scrape
