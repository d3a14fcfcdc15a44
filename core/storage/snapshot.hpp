// Snapshot and cursor: reads of one state of an environment. Every value is checked on its way out.
#pragma once

#include <chrono>
#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/storage/lmdb_file.hpp"
#include "core/storage/value_codec.hpp"
#include "tarsier/abi/storage.h"
#include "tarsier/result.hpp"

struct MDB_cursor;

namespace tarsier::storage {
class Environment;

/// A key and its value, in the map.
struct Entry {
  std::string_view key;
  std::string_view value;
};

/// The error for a value that does not verify; names environment, table and key.
Error corrupt_value(std::string_view environment, std::string_view table, std::string_view key);
std::string to_hex(std::string_view bytes);

}  // namespace tarsier::storage

struct tarsier_snapshot {
 public:
  static tarsier::Result<tarsier_snapshot*> begin(tarsier_env* handle, std::shared_ptr<tarsier::storage::Environment> environment);
  /// Closes the cursors that are left, and deletes.
  static void end(tarsier_snapshot* snapshot);

  tarsier::Result<std::string_view> get(std::string_view table, std::string_view key);
  tarsier::Result<tarsier_cursor*> open_cursor(std::string_view table);
  void close_cursor(tarsier_cursor* cursor);
  tarsier::storage::LmdbFile& file() const noexcept { return *file_; }
  std::vector<std::string> tables() const { return file_->table_names(); }
  tarsier::storage::LmdbFile::Usage usage() const { return file_->usage(txn_); }

  const tarsier_env* handle() const noexcept { return handle_; }
  std::chrono::steady_clock::time_point began() const noexcept { return began_; }
  tarsier::storage::Unpacked& unpacked() noexcept { return unpacked_; }
  const std::string& environment_name() const noexcept;

  std::list<tarsier_snapshot*>::iterator place;  // in the environment's list

 private:
  tarsier_snapshot() = default;
  ~tarsier_snapshot() = default;

  tarsier_env* handle_ = nullptr;
  std::shared_ptr<tarsier::storage::Environment> environment_;
  std::shared_ptr<tarsier::storage::LmdbFile> file_;
  MDB_txn* txn_ = nullptr;
  std::chrono::steady_clock::time_point began_;
  tarsier::storage::Unpacked unpacked_;
  std::list<std::unique_ptr<tarsier_cursor>> cursors_;
};

struct tarsier_cursor {
 public:
  tarsier_cursor(tarsier_snapshot& snapshot, std::string_view table, MDB_cursor* cursor)
      : snapshot_(snapshot), table_(table), cursor_(cursor) {}
  ~tarsier_cursor();
  tarsier_cursor(const tarsier_cursor&) = delete;
  tarsier_cursor& operator=(const tarsier_cursor&) = delete;

  /// NOT_FOUND at the end; CORRUPT with `entry.key` filled and the cursor standing on it.
  tarsier::Result<void> seek(std::string_view at, tarsier::storage::Entry& entry);
  tarsier::Result<void> last(tarsier::storage::Entry& entry);
  tarsier::Result<void> next(tarsier::storage::Entry& entry);
  tarsier::Result<void> previous(tarsier::storage::Entry& entry);
  tarsier_snapshot& snapshot() noexcept { return snapshot_; }

 private:
  enum class Place { kBeforeFirst, kOnEntry, kAfterLast };
  tarsier::Result<void> move(int operation, std::string_view at, Place when_none, tarsier::storage::Entry& entry);

  tarsier_snapshot& snapshot_;
  const std::string table_;
  MDB_cursor* cursor_;  // null: the table does not exist
  Place place_ = Place::kBeforeFirst;
};
