// A watch on a file or a directory: which directories inotify has to look at for it, and what has changed. The struct behind
// abi/scheduler.h's tarsier_watch.
//
// A file is always watched through its directory, so that it may be absent and may be replaced by rename; if it is a symbolic link,
// also through the directory of what it leads to. An absent directory is watched through its nearest ancestor that exists.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/host/owner.hpp"
#include "core/scheduler/call_gate.hpp"
#include "tarsier/abi/scheduler.h"

namespace tarsier::scheduler {

class Watches;

/// What tells one state of a file from another. Follows symbolic links.
struct FileState {
  uint64_t device = 0;
  uint64_t inode = 0;
  int64_t modified_ns = 0;
  int64_t changed_ns = 0;
  uint64_t size = 0;
  bool directory = false;
  bool operator==(const FileState&) const = default;
  static std::optional<FileState> of(const std::string& path);
};

/// What is known of the watched path; finds the changes. House thread only; touches the file system, nothing else.
class WatchedPath {
 public:
  explicit WatchedPath(const std::string& path);

  const std::string& path() const noexcept { return path_; }
  /// The directories that must be looked at now.
  std::vector<std::string> anchors() const;
  /// Notes that `name` in the directory `anchor` was touched.
  void touched(const std::string& anchor, const std::string& name);
  /// What has happened since the last call: path -> TARSIER_WATCH_*. Of a directory only the touched entries are looked at, unless
  /// `all`.
  std::map<std::string, uint32_t> changes(bool all);

 private:
  using Events = std::map<std::string, uint32_t>;
  void compare(const std::string& path, std::optional<FileState>& known, bool was_touched, Events& events);
  void compare_entry(const std::string& name, bool was_touched, Events& events);
  void compare_all_entries(Events& events);

  const std::string path_;
  const std::string parent_;
  const std::string name_;
  std::optional<FileState> state_;            // of path_; none: absent
  std::map<std::string, FileState> entries_;  // when it is a directory
  std::set<std::string> touched_entries_;
  bool touched_self_ = false;
};

}  // namespace tarsier::scheduler

struct tarsier_watch : std::enable_shared_from_this<tarsier_watch> {
  explicit tarsier_watch(const std::string& path) : watched(path) {}

  tarsier::scheduler::Watches* watches = nullptr;
  tarsier::host::Owner* owner = nullptr;
  void* user = nullptr;
  void (*on_event)(void* user, tarsier_str path, uint32_t events) = nullptr;
  tarsier::scheduler::CallGate gate;

  tarsier::scheduler::WatchedPath watched;  // house thread only

  std::mutex pending_mutex;  // guards what follows: events not yet given to the instance
  std::map<std::string, uint32_t> pending;
  bool in_pool = false;
};
