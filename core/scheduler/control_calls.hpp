// ControlCalls: life-cycle calls ([ctl]) with a deadline. Each has a thread of its own, so that one that hangs holds up nothing but
// itself, and so that what a plugin keeps in thread_local storage is gone before its file is unloaded.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

#include "core/host/owner.hpp"
#include "core/scheduler/scheduler.hpp"

namespace tarsier::scheduler {

/// Thread-safe.
class ControlCalls {
 public:
  explicit ControlCalls(ReportFunction report) : report_(std::move(report)) {}
  ControlCalls(const ControlCalls&) = delete;
  ControlCalls& operator=(const ControlCalls&) = delete;
  /// Joins what has finished; a call that still hangs keeps its thread until the process ends.
  ~ControlCalls();

  ControlOutcome run(host::Owner& owner, std::function<void()> call, std::chrono::nanoseconds deadline);
  /// CPU time of the instance's call that has not returned: not in its Accounting yet.
  int64_t running_cpu_ns(const host::Owner& owner);

 private:
  struct Call;
  std::shared_ptr<Call> start(host::Owner& owner, std::function<void()> call);

  const ReportFunction report_;
  std::mutex calls_mutex_;
  std::map<const host::Owner*, std::shared_ptr<Call>> calls_;  // the running one of each instance
};

}  // namespace tarsier::scheduler
