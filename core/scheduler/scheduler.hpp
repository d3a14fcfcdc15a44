// Scheduler: the room that does things at times and at events: timers, jobs, file watches, child processes and signals, on one
// libuv thread that never blocks and a pool of workers that may. What plugins see of it is abi/scheduler.h.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "core/host/owner.hpp"
#include "core/scheduler/clock.hpp"
#include "core/scheduler/job.hpp"
#include "core/scheduler/worker_pool.hpp"
#include "tarsier/abi/clock.h"
#include "tarsier/abi/scheduler.h"
#include "tarsier/result.hpp"

namespace tarsier::scheduler {

enum class ControlOutcome : uint8_t {
  completed,
  deadline,  ///< the call still runs, on a thread that it keeps; the instance is not to be called again
  busy       ///< an earlier control call of this instance still runs; nothing was called
};

/// Thread-safe, except for construction and destruction. The Clock outlives it. Destroy it after the bus and everything else that
/// submits jobs.
class Scheduler {
 public:
  /// Starts the house thread and the workers. `options.report` hears of overruns, failures and slowed timers.
  Scheduler(Clock& clock, const PoolOptions& options);
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;
  ~Scheduler();

  Clock& clock() noexcept;
  WorkerPool& pool() noexcept;

  /// Runs a life-cycle call on a thread of its own and waits for it until the deadline. `call` must own all that it touches,
  /// because it may outlive this function. Calls of one instance are serial: while one hangs, others answer `busy`. CPU time is
  /// accounted.
  ControlOutcome run_control(host::Owner& owner, std::function<void()> call, std::chrono::nanoseconds deadline);

  /// CPU time of the instance, with that of calls which have not returned. Never less than it answered before.
  int64_t cpu_ns(host::Owner& owner) const;

  /// Timers, jobs, watches, children: the meaning of each is that of abi/scheduler.h.
  Result<tarsier_timer*> every(host::Owner& owner, const tarsier_timer_spec& spec);
  /// `keep_handle` false: the timer frees itself, and nullptr is returned.
  Result<tarsier_timer*> after(host::Owner& owner, int64_t delay_ns, const tarsier_job& job, bool keep_handle);
  Result<void> post(host::Owner& owner, const tarsier_job& job);
  Result<tarsier_watch*> watch(host::Owner& owner, std::string path, void* user,
                               void (*on_event)(void* user, tarsier_str path, uint32_t events));
  Result<tarsier_child*> spawn(host::Owner& owner, const tarsier_process_spec& spec);
  static void cancel(tarsier_timer* timer);
  static void unwatch(tarsier_watch* watch);
  static void kill(tarsier_child* child, int32_t signal);

  /// Calls `call` on the house thread each time the process receives the signal; it must not block. An empty one restores the
  /// default.
  Result<void> on_signal(int signal_number, std::function<void()> call);

  /// After owner.close(): cancels all timers, watches and waiting jobs of the instance and kills its children. Does not wait for a
  /// callback that runs (owner.drain() does). Handles that the instance still has may be cancelled until forget().
  void detach(host::Owner& owner);
  /// After the instance is destroyed: frees the handles that it never cancelled.
  void forget(host::Owner& owner);

  /// Waits until no job waits or runs. For tests.
  void settle();

  struct Impl;  // of the .cpp files of this room

 private:
  std::unique_ptr<Impl> impl_;
};

/// The tables behind "tarsier.scheduler/1" and "tarsier.clock/1".
const tarsier_scheduler* scheduler_service() noexcept;
const tarsier_clock* clock_service() noexcept;

}  // namespace tarsier::scheduler
