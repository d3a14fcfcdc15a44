// SyncMark: which state of a data file is known to be on the disk, for environments that acknowledge before they sync. It keeps a
// copy of the meta page of the last synced transaction; after a power cut the file goes back to it. README.md says why that is
// safe.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "core/storage/files.hpp"
#include "core/storage/page_walk.hpp"
#include "tarsier/result.hpp"

namespace tarsier::storage {

/// The head of a meta page of data.mdb.
struct MetaImage {
  std::array<char, kMetaHeadSize> bytes{};
  uint64_t txn() const noexcept;
};

/// Reads the meta page of transaction `txn` from the data file; INTERNAL when it is not LMDB's format as we know it.
Result<MetaImage> read_meta(int data_fd, uint64_t txn);

/// The file "synced" beside data.mdb: two checksummed slots on two blocks, written in turn, so that a torn write leaves the older
/// one.
class SyncMark {
 public:
  struct Slot {
    uint64_t number = 0;
    std::string boot_id;
    MetaImage meta;
  };

  /// Makes the file, or opens the one that is there.
  static Result<SyncMark> open(const std::string& env_dir);
  /// Writes and syncs; when it returns, a power cut brings the file back to `meta`.
  Result<void> write(const MetaImage& meta, const std::string& boot_id);
  static Result<void> remove(const std::string& env_dir);
  /// The newest slot, or nothing when there is no file; CORRUPT when no slot verifies.
  static Result<std::optional<Slot>> read(const std::string& env_dir);

 private:
  SyncMark(Fd fd, std::string path, uint64_t number) : fd_(std::move(fd)), path_(std::move(path)), number_(number) {}

  Fd fd_;
  std::string path_;
  uint64_t number_;
};

/// What opening an environment found.
enum class Recovered {
  kClean,      // the newest state is synced, or there is no mark
  kNotSynced,  // the process was killed: everything is there, and has to be synced before the next write
  kRolledBack  // the machine stopped: the file was brought back to the mark
};

/// To be called before LMDB opens `env_dir`.
Result<Recovered> recover_synced_state(const std::string& env_dir, const std::string& boot_id);

/// Of this start of the machine; empty when the system does not tell.
std::string current_boot_id();

}  // namespace tarsier::storage
