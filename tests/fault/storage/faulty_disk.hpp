// FaultyDisk: the system calls by which LMDB and the storage reach the disk, replaced in this test program by ones that can fail on
// demand and that can be recorded, so that a test can build what a power cut would have left.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace tarsier::storage::testing {

struct DiskEvent {
  enum class Kind { kWrite, kSync };
  Kind kind;
  ino_t file;
  uint64_t offset = 0;
  std::string data;
  bool synced = false;        // a write by a descriptor with O_DSYNC
  uint64_t acknowledged = 0;  // what the test had noted when the call began
};

class FaultyDisk {
 public:
  /// The next `count` syncs (fsync, fdatasync) fail with `error`.
  static void fail_syncs(int count, int error);
  /// Writes fail with `error` while the condition holds for (size, offset, O_DSYNC).
  static void fail_writes(int error, std::function<bool(uint64_t size, uint64_t offset, bool synced)> condition);
  static void heal();

  static void record();
  static std::vector<DiskEvent> stop_recording();
  /// What the events recorded from now on carry as `acknowledged`.
  static void note_acknowledged(uint64_t count);
};

}  // namespace tarsier::storage::testing
