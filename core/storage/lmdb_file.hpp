// LmdbFile: one open data file: LMDB's environment, its tables, and a pool of read transactions. An environment that rotates has a
// new one; snapshots keep the old one alive.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

#include "tarsier/result.hpp"

struct MDB_env;
struct MDB_txn;

namespace tarsier::storage {

class LmdbFile {
 public:
  enum class Mode {
    kActive,  // one writer thread, many readers
    kSealed,  // read-only, no lock file
    kBuild    // a sealed file in the making: one user, no syncs before the last, no lock file
  };
  using Table = unsigned;

  /// `map_bytes` is address space, not memory; the sealed take their own size. The tree must have been walked before (PageWalk).
  static Result<std::shared_ptr<LmdbFile>> open(const std::string& dir, Mode mode, uint64_t map_bytes);
  ~LmdbFile();
  LmdbFile(const LmdbFile&) = delete;
  LmdbFile& operator=(const LmdbFile&) = delete;

  MDB_env* env() const noexcept { return env_; }
  int data_fd() const noexcept;
  uint64_t file_bytes() const;
  uint64_t last_txn() const;
  uint64_t map_bytes() const noexcept { return map_bytes_.load(std::memory_order_relaxed); }

  std::optional<Table> find_table(std::string_view name) const;
  std::vector<std::string> table_names() const;
  /// Opens or makes a table within a write transaction; the other threads see it after publish_tables().
  Result<Table> create_table(MDB_txn* txn, std::string_view name);
  void publish_tables();
  void forget_new_tables();

  /// A read transaction of the newest state, from the pool. May be used by any thread, one at a time.
  Result<MDB_txn*> begin_read();
  void end_read(MDB_txn* txn);

  /// Doubles the map: holds new readers back and waits until the open ones have ended; false when `patience` passes first.
  bool grow_map(std::chrono::milliseconds patience);

  /// Pages that hold data, in bytes, as `txn` sees them; and the entries of all tables.
  struct Usage {
    uint64_t bytes = 0;
    uint64_t entries = 0;
  };
  Usage usage(MDB_txn* txn) const;

 private:
  explicit LmdbFile(MDB_env* env) : env_(env) {}
  Result<void> open_tables();

  MDB_env* const env_;
  std::atomic<uint64_t> map_bytes_{0};

  mutable std::shared_mutex tables_mutex_;
  std::map<std::string, Table, std::less<>> tables_;
  std::map<std::string, Table, std::less<>> new_tables_;  // of the writer's open transaction

  std::mutex readers_mutex_;
  std::condition_variable readers_changed_;
  std::vector<MDB_txn*> idle_readers_;
  uint64_t open_readers_ = 0;
  bool growing_ = false;
};

}  // namespace tarsier::storage
