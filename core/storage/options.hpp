// StorageOptions: [host.storage] of the configuration, as the storage takes it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "tarsier/abi/storage.h"
#include "tarsier/result.hpp"

namespace tarsier::storage {

struct StorageOptions {
  std::string data_dir;
  /// What TARSIER_DURABILITY_DEFAULT means.
  tarsier_durability durability = TARSIER_DURABILITY_INTERVAL;
  /// At most so long after its acknowledgement a transaction of `interval` durability is synced.
  std::chrono::milliseconds sync_interval{100};
  /// A transaction that nobody waits for is committed after so long, if not with another before.
  std::chrono::milliseconds patience{10};
  /// Of all environments together; 0: none.
  uint64_t total_quota_bytes = 0;
  /// Writes are refused while the file system has less.
  uint64_t min_free_bytes = 64ULL << 20U;
  /// Of one environment's queue; a single larger transaction is taken when the queue is empty.
  uint64_t queue_bytes = 64ULL << 20U;
  /// One commit takes so much at most, so that a transaction's wait stays bounded.
  uint64_t group_bytes = 16ULL << 20U;
  /// Address space of a writable environment; it doubles when full.
  uint64_t map_bytes = 64ULL << 30U;
  /// So many sealed environments that nobody reads stay open, each with a file descriptor; others are opened when they are read.
  uint64_t idle_sealed_files = 512;
  /// Called on a writer thread when a commit or a sync failed.
  std::function<void(const std::string& environment, const Error& error)> on_failure;
  /// Tells one start of the machine from the next; empty: ask the system.
  std::string boot_id;
};

}  // namespace tarsier::storage
