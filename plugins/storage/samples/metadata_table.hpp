// MetadataTable: type, help and unit by metric name, as the last batch that said anything told it.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "journal_codec.hpp"

namespace tarsier::samples {

class MetadataTable {
 public:
  /// True when this is news.
  bool set(std::string_view metric, Metadata metadata) {
    const std::scoped_lock lock(entries_mutex_);
    const auto found = entries_.find(metric);
    if (found != entries_.end()) {
      if (found->second == metadata) return false;
      found->second = std::move(metadata);
      ++changes_;
      return true;
    }
    if (entries_.size() >= kMost) return false;
    entries_.emplace(metric, std::move(metadata));
    ++changes_;
    return true;
  }

  /// Calls use(metric, metadata) in order of the names; `metric` "" means all; until use returns false.
  template <class Use>
  void each(std::string_view metric, Use&& use) const {
    const std::scoped_lock lock(entries_mutex_);
    for (auto at = entries_.lower_bound(metric); at != entries_.end(); ++at) {
      if (!metric.empty() && at->first != metric) return;
      if (!use(at->first, at->second)) return;
    }
  }

  /// Another number after each change.
  uint64_t changes() const noexcept {
    const std::scoped_lock lock(entries_mutex_);
    return changes_;
  }

  void encode(std::vector<uint8_t>& out) const {
    const std::scoped_lock lock(entries_mutex_);
    for (const auto& [metric, metadata] : entries_) encode_metadata(metric, metadata, out);
  }

 private:
  static constexpr size_t kMost = 200'000;
  mutable std::mutex entries_mutex_;
  std::map<std::string, Metadata, std::less<>> entries_;
  uint64_t changes_ = 0;
};

}  // namespace tarsier::samples
