// GroupTable: numbers the groups of an aggregation by the labels of series as the store brings them. No label set is made of a
// series: what the signature takes of it is written one after the other into a key.
#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>

#include "plugins/query/promql/exec/labels.hpp"
#include "tarsier/service/samples_store.h"

namespace tarsier::promql {

class GroupTable {
 public:
  /// `signature` outlives it.
  explicit GroupTable(const Signature& signature) : signature_(signature) {}
  GroupTable(const GroupTable&) = delete;
  GroupTable& operator=(const GroupTable&) = delete;

  /// 0, 1, 2, ... in the order of first appearance.
  uint32_t number(const tarsier_series& series);
  uint32_t number(std::string_view key);
  size_t size() const noexcept { return keys_.size(); }
  const std::string& key(uint32_t group) const { return keys_[group]; }
  /// The labels that a key was written of.
  static Labels labels_of(std::string_view key);

 private:
  static constexpr uint32_t kNone = UINT32_MAX;
  void write_key(const tarsier_series& series);
  void append(const tarsier_pair& pair);

  const Signature& signature_;
  std::string key_;               // of the series in hand
  uint32_t last_ = kNone;         // neighbours are often of one group
  std::deque<std::string> keys_;  // their texts do not move
  std::unordered_map<std::string_view, uint32_t> numbers_;
};

}  // namespace tarsier::promql
