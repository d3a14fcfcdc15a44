// Storage: all environments of one data directory: opens and shares them, seals, removes, lists, verifies and copies them. The C
// service (service.cpp) is a thin layer over it.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/host/owner.hpp"
#include "core/storage/environment.hpp"
#include "core/storage/options.hpp"
#include "core/storage/salvage.hpp"
#include "tarsier/abi/storage.h"
#include "tarsier/result.hpp"

namespace tarsier::storage {

class DataDir;

inline constexpr uint32_t kSealedFlag = TARSIER_ENV_SEALED;

/// Thread-safe. Outlives every handle. `owner` is the instance that asks; null is the host itself.
class Storage {
 public:
  static Result<std::unique_ptr<Storage>> open(StorageOptions options);
  /// Closes what is left open, as detach() does.
  ~Storage();
  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;

  struct OpenOptions {
    uint32_t flags = 0;  // TARSIER_ENV_*
    tarsier_durability durability = TARSIER_DURABILITY_DEFAULT;
    uint64_t quota_bytes = 0;
  };
  Result<tarsier_env*> open_env(host::Owner* owner, std::string_view name, const OpenOptions& options);
  void close_env(tarsier_env* env);
  Result<void> rotate(tarsier_env* env, std::string_view to);

  Result<tarsier_sealer*> begin_seal(host::Owner* owner, std::string_view name);
  Result<void> finish_seal(tarsier_sealer* sealer);
  void abort_seal(tarsier_sealer* sealer);

  Result<void> remove(host::Owner* owner, std::string_view name);
  /// Of an environment that nobody has open.
  Result<void> rename(std::string_view name, std::string_view to);
  /// Likewise: what of it verifies, in whatever state it is (salvage.hpp).
  Result<void> salvage(std::string_view name, const std::vector<std::string>& tables, const Salvaged& each);
  Result<std::vector<std::string>> list(std::string_view prefix);
  /// `each` is told of every value that does not verify.
  using Damage = std::function<void(std::string_view table, std::string_view key, std::string_view what)>;
  Result<void> verify(std::string_view name, const Damage& each);
  Result<void> backup(std::string_view prefix, const std::string& directory);
  /// Copies the environments to "snapshots/<name>" in the data directory, whole or not at all; the absolute path of it.
  Result<std::string> snapshot(std::string_view name, const std::vector<std::string>& environments);

  /// Ends the snapshots, closes the environments and drops the sealers that the instance left.
  void detach(host::Owner& owner);
  std::vector<EnvironmentStatistics> statistics();
  Shared& shared() noexcept { return shared_; }
  uint64_t used_bytes() const noexcept { return shared_.budget.used_bytes(); }

 private:
  explicit Storage(StorageOptions options);
  Result<void> check_closed(std::string_view name) const;
  Result<std::shared_ptr<Environment>> find_or_open(std::string_view name, const OpenOptions& options);
  Result<void> backup_all(const std::vector<std::string>& names, const std::string& directory);
  Result<void> backup_one(const std::string& name, const std::string& directory);
  void close_all_of(host::Owner* owner, bool everyone);

  Shared shared_;
  std::unique_ptr<DataDir> dir_;
  std::atomic<uint64_t> seals_{0};

  std::mutex mutex_;  // guards the rest; held while an environment opens or closes, as LMDB must not open a file twice
  std::map<std::string, std::shared_ptr<Environment>, std::less<>> environments_;
  std::set<tarsier_env*> handles_;
  std::set<tarsier_sealer*> sealers_;
};

/// The table of "tarsier.storage/1".
const tarsier_storage* storage_service();

}  // namespace tarsier::storage
