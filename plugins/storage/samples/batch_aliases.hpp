// BatchAliases: which series the label sets of a whole batch stand for. Who scrapes a page or evaluates a rule sends the same sets
// again and again, and then none of them is looked up. As with SetAliases the bytes are not kept: sets are known by a hash with a
// secret of this process, and by how many there are of each thing.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "set_aliases.hpp"
#include "tarsier/batch.hpp"

namespace tarsier::samples {

/// All symbols and label sets of a batch.
struct BatchKey {
  SetHash hash;
  std::array<uint32_t, 4> counts{};

  bool operator==(const BatchKey& other) const noexcept {
    return hash.low == other.hash.low && hash.high == other.hash.high && counts == other.counts;
  }
};
BatchKey batch_key(const batch::View& batch) noexcept;

class BatchAliases {
 public:
  /// The series of each set; empty when they are not known. Valid until the next add().
  std::span<const uint32_t> find(const BatchKey& key) const noexcept;
  /// Kept when the batch is here for the second time, since many never come again. `most`: when there are more series in all lists
  /// than that they are all forgotten first; they come back as they are used.
  void add(const BatchKey& key, std::span<const uint32_t> series, size_t most);
  size_t memory_bytes() const noexcept;

 private:
  struct Hash {
    size_t operator()(const BatchKey& key) const noexcept { return key.hash.low; }
  };
  static constexpr size_t kRemembered = 4096;

  std::unordered_map<BatchKey, std::vector<uint32_t>, Hash> lists_;
  size_t series_ = 0;           // in all lists
  std::vector<uint32_t> once_;  // by some bits of the hash, others of it: batches that were here once
};

}  // namespace tarsier::samples
