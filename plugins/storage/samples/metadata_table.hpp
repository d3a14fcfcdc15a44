// MetadataTable: type, help and unit by metric name, as the last batch that said anything told it.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "journal_codec.hpp"

namespace tarsier::samples {

class MetadataTable {
 public:
  enum class Noted : uint8_t { known, news, no_room };

  /// `no_room`: there are so many already, or their text is so long; what the table has stays.
  Noted set(std::string_view metric, Metadata metadata) {
    const std::scoped_lock lock(entries_mutex_);
    const auto found = entries_.find(metric);
    const bool fresh = found == entries_.end();
    if (!fresh && found->second == metadata) return Noted::known;
    const size_t former = fresh ? 0 : text_bytes(metric, found->second), bytes = text_bytes(metric, metadata);
    const bool fits = bytes <= former || bytes_ - former + bytes <= kMost * kBytesEach;
    if (!fits || (fresh && entries_.size() >= kMost)) return Noted::no_room;
    bytes_ = bytes_ - former + bytes;
    if (fresh) {
      entries_.emplace(metric, std::move(metadata));
    } else {
      found->second = std::move(metadata);
    }
    ++changes_;
    return Noted::news;
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
  static constexpr size_t kBytesEach = 512;  // on average
  static size_t text_bytes(std::string_view metric, const Metadata& metadata) noexcept {
    return metric.size() + metadata.help.size() + metadata.unit.size();
  }

  mutable std::mutex entries_mutex_;
  std::map<std::string, Metadata, std::less<>> entries_;
  size_t bytes_ = 0;  // of all names and texts
  uint64_t changes_ = 0;
};

}  // namespace tarsier::samples
