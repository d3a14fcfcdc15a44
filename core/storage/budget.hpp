// Budget: the room that all environments share: the host's quota and the free space that must stay on the file system.
#pragma once

#include <atomic>
#include <cstdint>

#include "core/storage/options.hpp"

namespace tarsier::storage {

/// Thread-safe.
class Budget {
 public:
  explicit Budget(const StorageOptions& options) : options_(options) {}

  /// Refuses with RESOURCE what would go over the quota or under the free space. Who asks says of which environment it is.
  Result<void> admit(uint64_t bytes);
  /// A file has grown, appeared or gone.
  void add(int64_t bytes) noexcept;
  uint64_t used_bytes() const noexcept;
  /// Of the file system, as of at most 20 ms ago and less what was taken since.
  uint64_t free_bytes();
  /// As of now.
  uint64_t ask_free_bytes();

 private:
  const StorageOptions& options_;
  std::atomic<int64_t> used_{0};
  std::atomic<int64_t> checked_ns_{0};
  std::atomic<int64_t> free_{0};
};

}  // namespace tarsier::storage
