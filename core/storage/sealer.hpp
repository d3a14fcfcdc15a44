// Sealer: builds a sealed environment under a temporary name, without syncs, and puts it in its place with one.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "core/host/owner.hpp"
#include "core/storage/lmdb_file.hpp"
#include "tarsier/abi/storage.h"
#include "tarsier/result.hpp"

namespace tarsier::storage {
class Storage;
}

struct tarsier_sealer {
 public:
  static tarsier::Result<tarsier_sealer*> begin(tarsier::storage::Storage& storage, tarsier::host::Owner* owner, std::string name,
                                                std::string temporary_dir);
  /// Removes what was built unless place() has put it in its place.
  ~tarsier_sealer();
  tarsier_sealer(const tarsier_sealer&) = delete;
  tarsier_sealer& operator=(const tarsier_sealer&) = delete;

  /// INVALID, and nothing done, when the key is not above the table's last one.
  tarsier::Result<void> append(std::string_view table, std::string_view key, std::string_view value);
  /// Syncs what was built and notes its tree; nothing more can be appended.
  tarsier::Result<void> complete();
  /// Puts it in its place.
  tarsier::Result<void> place(const std::string& env_dir);

  tarsier::storage::Storage& storage() noexcept { return storage_; }
  tarsier::host::Owner* owner() const noexcept { return owner_; }
  const std::string& name() const noexcept { return name_; }

 private:
  tarsier_sealer(tarsier::storage::Storage& storage, tarsier::host::Owner* owner, std::string name, std::string temporary_dir);
  tarsier::Error failure(int code) const;
  tarsier::Result<void> begin_txn();
  tarsier::Result<void> commit_txn();

  tarsier::storage::Storage& storage_;
  tarsier::host::Owner* owner_;
  const std::string name_;
  const std::string dir_;
  std::shared_ptr<tarsier::storage::LmdbFile> file_;
  MDB_txn* txn_ = nullptr;
  uint64_t txn_bytes_ = 0;
  uint64_t unchecked_bytes_ = 0;  // since the budget was asked
};
