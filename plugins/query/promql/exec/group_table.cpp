#include "plugins/query/promql/exec/group_table.hpp"

#include <cstring>

#include "tarsier/result.hpp"

namespace tarsier::promql {
namespace {

void put(std::string& key, std::string_view text) {
  const auto size = static_cast<uint32_t>(text.size());
  key.append(reinterpret_cast<const char*>(&size), sizeof(size));
  key.append(text);
}

std::string_view take(std::string_view& key) {
  uint32_t size = 0;
  std::memcpy(&size, key.data(), sizeof(size));
  const std::string_view text = key.substr(sizeof(size), size);
  key.remove_prefix(sizeof(size) + size);
  return text;
}

}  // namespace

Labels GroupTable::labels_of(std::string_view key) {
  std::vector<LabelView> pairs;
  while (!key.empty()) {
    const std::string_view name = take(key);
    pairs.emplace_back(name, take(key));
  }
  return Labels::from(pairs);
}

void GroupTable::append(const tarsier_pair& pair) {
  if (pair.value.size == 0) return;  // the same as no label
  put(key_, view(pair.name));
  put(key_, view(pair.value));
}

/// The names of both sides ascend.
void GroupTable::write_key(const tarsier_series& series) {
  key_.clear();
  auto wanted = signature_.labels.begin();
  const auto end = signature_.labels.end();
  for (uint32_t i = 0; i < series.label_count; ++i) {
    const tarsier_pair& pair = series.labels[i];
    const std::string_view name = view(pair.name);
    int order = -1;
    while (wanted != end && (order = wanted->compare(name)) < 0) ++wanted;
    const bool in_list = wanted != end && order == 0;
    if (signature_.listed ? in_list : !in_list && name != kMetricName) append(pair);
    if (signature_.listed && wanted == end) return;
  }
}

uint32_t GroupTable::number(const tarsier_series& series) {
  if (!signature_.listed || !signature_.labels.empty()) write_key(series);
  if (last_ == kNone || keys_[last_] != key_) last_ = number(std::string_view(key_));
  return last_;
}

uint32_t GroupTable::number(std::string_view key) {
  if (const auto known = numbers_.find(key); known != numbers_.end()) return known->second;
  const auto fresh = static_cast<uint32_t>(keys_.size());
  numbers_.emplace(keys_.emplace_back(key), fresh);
  return fresh;
}

}  // namespace tarsier::promql
