// Children: the child processes of all instances: started, read, reaped and killed on the house thread; heard of by the instance as
// [work].
#pragma once

#include <memory>
#include <unordered_map>
#include <unordered_set>

#include "core/scheduler/child.hpp"
#include "core/scheduler/house.hpp"
#include "core/scheduler/worker_pool.hpp"

namespace tarsier::scheduler {

/// Thread-safe, except for stop().
class Children {
 public:
  Children(House& house, WorkerPool& pool);
  Children(const Children&) = delete;
  Children& operator=(const Children&) = delete;

  Result<tarsier_child*> spawn(host::Owner& owner, const tarsier_process_spec& spec);
  void kill(tarsier_child& child, int32_t signal);
  /// Kills the instance's children with all their descendants that stayed in their process group. The instance hears no more of
  /// them.
  void detach(host::Owner& owner);
  void forget(host::Owner& owner);
  /// Kills all; before House::stop(), which then waits until they are reaped.
  void stop();

  // Called by ChildHandles on the house thread.
  void deliver(const std::shared_ptr<tarsier_child>& child, ChildEvent event);

 private:
  using ChildPtr = std::shared_ptr<tarsier_child>;
  void run_events(const ChildPtr& child);
  void drop(const ChildPtr& child);

  House& house_;
  WorkerPool& pool_;
  std::mutex owners_mutex_;
  std::unordered_map<host::Owner*, std::unordered_set<ChildPtr>> of_owner_;
};

}  // namespace tarsier::scheduler
