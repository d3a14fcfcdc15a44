#include "labels.hpp"

#include "symbols.hpp"

namespace tarsier::samples {

uint64_t hash_labels(Labels labels) noexcept {
  uint64_t hash = kLabelHashSeed;
  for (const auto& [name, value] : labels) hash = fold_hash(hash, hash_text(name), hash_text(value));
  return hash;
}

std::string_view label_value(Labels labels, std::string_view name) noexcept {
  for (const auto& [key, value] : labels) {
    if (key == name) return value;
  }
  return {};
}

std::string to_text(Labels labels) {
  constexpr size_t kMost = 200;
  std::string text(label_value(labels, kMetricName).substr(0, kMost));
  text += '{';
  bool first = true;
  for (const auto& [name, value] : labels) {
    if (name == kMetricName) continue;
    if (!first) text += ", ";
    first = false;
    text.append(name.substr(0, kMost)).append("=\"").append(value.substr(0, kMost)).append("\"");
    if (text.size() > kMost) return text + " ...";
  }
  return text + '}';
}

}  // namespace tarsier::samples
