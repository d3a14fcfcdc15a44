// Sorted labels of a target, owned.
#pragma once

#include <cstdint>
#include <cstring>
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

/// Labels as one block, a quarter of what a LabelSet takes: for those of which there are many, and that are seldom looked at.
class PackedLabels {
 public:
  explicit PackedLabels(const LabelSet& labels) {
    size_t size = 0;
    for (const auto& [name, value] : labels) size += 2 * sizeof(uint32_t) + name.size() + value.size();
    bytes_.reserve(size);
    for (const auto& [name, value] : labels) {
      add(name);
      add(value);
    }
  }
  LabelSet unpack() const {
    LabelSet labels;
    for (std::string_view rest = bytes_; !rest.empty();) {
      const std::string_view name = take(rest);
      labels.emplace_hint(labels.end(), name, take(rest));
    }
    return labels;
  }

 private:
  void add(std::string_view text) {
    const auto size = static_cast<uint32_t>(text.size());
    bytes_.append(reinterpret_cast<const char*>(&size), sizeof(size)).append(text);
  }
  static std::string_view take(std::string_view& rest) {
    uint32_t size = 0;
    std::memcpy(&size, rest.data(), sizeof(size));
    const std::string_view text = rest.substr(sizeof(size), size);
    rest.remove_prefix(sizeof(size) + size);
    return text;
  }
  std::string bytes_;  // of each text its length, then itself
};

}  // namespace tarsier::scrape
