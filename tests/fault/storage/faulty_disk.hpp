// FaultyDisk: the system calls by which LMDB and the storage reach the disk, replaced in this test program by ones that can fail on
// demand and that can be recorded, so that a test can build what a power cut would have left.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace tarsier::storage::testing {

/// A call that changes the disk, before it is made.
struct DiskCall {
  enum class Kind {
    kOpen,
    kMake,
    kWrite,
    kSync,
    kRename,
    kRemove
  };  // kOpen: to write, perhaps a new file; kMake: a directory or link
  Kind kind;
  std::string path;  // of a rename or link: the new one
};

struct DiskEvent {
  enum class Kind { kWrite, kSync, kFailedSync };
  Kind kind;
  ino_t file;
  uint64_t offset = 0;
  std::string data;
  bool synced = false;        // a write by a descriptor with O_DSYNC
  uint64_t acknowledged = 0;  // what the test had noted when the call began
  std::string path;           // of a sync: what was synced
  int64_t born = 0;           // when the file was made, for numbers of files are used again
};

class FaultyDisk {
 public:
  /// The next `count` syncs (fsync, fdatasync) fail with `error`.
  static void fail_syncs(int count, int error);
  /// Writes fail with `error` while the condition holds for (size, offset, O_DSYNC).
  static void fail_writes(int error, std::function<bool(uint64_t size, uint64_t offset, bool synced)> condition);
  /// Of every call, in any thread: the error that it fails with, or 0.
  static void fail_calls(std::function<int(const DiskCall&)> error_of);
  static void heal();

  static void record();
  static std::vector<DiskEvent> stop_recording();
  /// Called before each event that is recorded, and after each change of names; by one thread at a time.
  static void watch(std::function<void(size_t recorded)> watcher);
  /// What the events recorded from now on carry as `acknowledged`.
  static void note_acknowledged(uint64_t count);
};

}  // namespace tarsier::storage::testing
