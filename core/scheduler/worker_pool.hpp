// WorkerPool: the threads that call into instances. Jobs of one instance run one at a time (unless it is parallel); instances take
// turns by the CPU time that they have had; a job past its deadline is reported, and one that blocks does not hold up the others.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

#include "core/host/owner.hpp"
#include "core/scheduler/job.hpp"
#include "tarsier/result.hpp"

namespace tarsier::scheduler {

struct PoolOptions {
  unsigned workers = 0;                                             ///< 0: one a core, at least two
  unsigned extra_workers = 16;                                      ///< replacements while workers are stuck in a job
  size_t queue_limit = 1024;                                        ///< jobs of one instance that may wait
  std::chrono::nanoseconds stall = std::chrono::milliseconds(200);  ///< jobs wait this long with all workers busy: one more worker
  ReportFunction report;
};

struct PoolStats {
  uint64_t waiting = 0;  ///< jobs
  uint64_t running = 0;
  unsigned workers = 0;
  uint64_t extra_started = 0;
};

/// Thread-safe. An Owner that jobs were submitted for must live until detach(owner) has returned and its calls have been drained;
/// one whose call hangs must live on until that call returns.
class WorkerPool {
 public:
  explicit WorkerPool(PoolOptions options);
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;
  ~WorkerPool();

  /// Drops what waits and joins the workers. False: some still hang in a plugin after `kPatience` and are left behind, so what
  /// their jobs refer to must not be freed (the process is about to end). Afterwards submit() answers UNAVAILABLE.
  bool shut_down();

  /// Takes the job. AGAIN: the instance has its limit of jobs waiting; UNAVAILABLE: it is closed. Then neither run nor done is
  /// called.
  Result<void> submit(host::Owner& owner, Job job);
  /// The same without the limit: for what the host itself bounds (one job a timer, one a subscription).
  Result<void> submit_unbounded(host::Owner& owner, Job job);

  /// Calls run(i) for each i below `count` on idle workers and on the calling thread, which must be within a call into the
  /// instance; returns when all have returned.
  void parallel_for(host::Owner& owner, uint64_t count, const std::function<void(uint64_t)>& run);

  /// The instance's share of the CPU against others when all are busy; 100 is the default.
  void set_share(host::Owner& owner, uint32_t share);

  /// After owner.close(): drops the jobs that wait (done(skipped)), and forgets the instance. Does not wait for the one that runs.
  void detach(host::Owner& owner);

  /// CPU time of the instance's calls that have not returned: not in its Accounting yet.
  int64_t running_cpu_ns(const host::Owner& owner) const;

  /// Waits until no job waits or runs. For tests.
  void settle();

  PoolStats stats() const;

  static constexpr std::chrono::seconds kPatience{2};

 private:
  struct State;
  std::shared_ptr<State> state_;  // shared with the workers, because one that hangs outlives the pool
};

}  // namespace tarsier::scheduler
