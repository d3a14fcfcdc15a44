// Watches: all file watches of all instances: one inotify handle for each directory, shared by the watches that need it.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "core/scheduler/house.hpp"
#include "core/scheduler/watch.hpp"
#include "core/scheduler/worker_pool.hpp"

namespace tarsier::scheduler {

/// Thread-safe, except for stop().
class Watches {
 public:
  Watches(House& house, WorkerPool& pool);
  Watches(const Watches&) = delete;
  Watches& operator=(const Watches&) = delete;
  ~Watches();

  Result<tarsier_watch*> add(host::Owner& owner, std::string path, void* user,
                             void (*on_event)(void* user, tarsier_str path, uint32_t events));
  void remove(tarsier_watch& watch);
  void detach(host::Owner& owner);
  void forget(host::Owner& owner);
  /// Closes all handles; before House::stop().
  void stop();

 private:
  using WatchPtr = std::shared_ptr<tarsier_watch>;
  struct Directory;
  struct Merge;

  // House thread only.
  Result<void> attach(const WatchPtr& watch);
  void release(const tarsier_watch& watch);
  Result<bool> anchor(const WatchPtr& watch);
  Result<Directory*> directory(const std::string& path, bool& replaced);
  void touched(Directory& directory, const std::string& entry, bool came_or_went);
  void collect(const WatchPtr& watch);

  void deliver(const WatchPtr& watch);

  House& house_;
  WorkerPool& pool_;
  std::unordered_map<std::string, Directory*> directories_;   // house thread; freed when libuv has closed them
  std::unordered_map<const tarsier_watch*, Merge*> merging_;  // house thread; watches whose events are being gathered
  std::mutex owners_mutex_;
  std::unordered_map<host::Owner*, std::unordered_set<WatchPtr>> of_owner_;
};

}  // namespace tarsier::scheduler
