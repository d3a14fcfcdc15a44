// DataDir: the data directory: its lock against a second process, what it does at start about work that a crash interrupted, and
// the directories of the environments in it. docs/formats/environment.md describes the layout.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/storage/files.hpp"
#include "core/storage/lmdb_file.hpp"
#include "tarsier/result.hpp"

namespace tarsier::storage {

class DataDir {
 public:
  /// Makes the directory when absent, locks it (UNAVAILABLE names the process that has it) and recovers what is in it.
  static Result<DataDir> open(const std::string& path);

  const std::string& path() const noexcept { return path_; }
  std::string env_dir(std::string_view name) const { return path_ + "/" + std::string(name); }
  /// The environments whose names begin with `prefix`, sorted.
  Result<std::vector<std::string>> list(std::string_view prefix) const;
  uint64_t used_bytes() const;
  /// Removes an environment's files, the data file first, and the directories that this empties.
  Result<void> remove(std::string_view name) const;
  /// Its whole directory at once. INVALID when there is anything at `to`, or environments below `name`.
  Result<void> rename(std::string_view name, std::string_view to) const;

 private:
  DataDir(std::string path, Fd lock) : path_(std::move(path)), lock_(std::move(lock)) {}
  Result<void> recover() const;

  std::string path_;
  Fd lock_;
};

// The steps of a rotation that are about directories; environment_rotate.cpp has their order.
std::string fresh_file_dir(const std::string& data_dir, std::string_view name);
/// An empty, synced data file under a temporary name.
Result<std::shared_ptr<LmdbFile>> make_fresh_file(const std::string& data_dir, std::string_view name, uint64_t map_bytes);
/// Puts it in the place of the environment's data file.
Result<void> adopt_fresh_file(const std::string& fresh_dir, const std::string& env_dir);
Result<void> begin_rotation(const std::string& env_dir, std::string_view to_name);
Result<void> finish_rotation(const std::string& env_dir);
/// Finishes a rotation whose target exists, forgets one whose target does not. `unwritten`: in this process a step of it failed,
/// and nothing was written since. Then the environment gets its empty file anew, for that of before may never get its name on the
/// disk.
Result<void> recover_rotation(const std::string& data_dir, std::string_view name, const std::string& env_dir, bool unwritten);

/// Temporary directories begin so; a start removes them.
inline constexpr std::string_view kSealPrefix = ".seal-";
inline constexpr std::string_view kFreshPrefix = ".fresh-";
inline constexpr std::string_view kSnapshotPrefix = ".snapshot-";

}  // namespace tarsier::storage
