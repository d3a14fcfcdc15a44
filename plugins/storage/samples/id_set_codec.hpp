// The form in which partitions keep an IdSet: runs of ids, or containers, each as gaps, as runs, or as the words of a bitmap,
// whichever is smallest. docs/storage.md describes the bytes.
#pragma once

#include <string_view>

#include "bytes.hpp"
#include "id_set.hpp"
#include "tarsier/result.hpp"

namespace tarsier::samples {

void encode_ids(const IdSet& ids, ByteWriter& out);
/// Puts `count` ids below `bound` into `out`, which is empty; on malformed bytes the reader fails.
void decode_ids(ByteReader& in, uint64_t count, uint32_t bound, IdSet& out);

/// A set as an index has it, in memory or encoded: its size is known before it is decoded. Lives no longer than what it was made
/// of.
class StoredSet {
 public:
  StoredSet() noexcept = default;
  explicit StoredSet(const IdSet& set) noexcept : set_(&set), size_(set.size()) {}
  /// `owner`: named when the bytes are malformed.
  StoredSet(std::span<const uint8_t> encoded, uint64_t size, uint32_t bound, std::string_view owner) noexcept
      : size_(size), encoded_(encoded), bound_(bound), owner_(owner) {}

  uint64_t size() const noexcept { return size_; }
  /// The set, which lies in `room` where it had to be decoded. CORRUPT.
  Result<const IdSet*> read(IdSet& room) const;

 private:
  const IdSet* set_ = nullptr;
  uint64_t size_ = 0;
  std::span<const uint8_t> encoded_;
  uint32_t bound_ = 0;
  std::string_view owner_;
};

}  // namespace tarsier::samples
