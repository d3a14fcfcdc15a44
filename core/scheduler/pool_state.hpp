// WorkerPool::State: what the pool's threads share. Private to worker_pool.cpp and watchdog.cpp.
#pragma once

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <list>
#include <mutex>
#include <thread>
#include <unordered_map>

#include "core/scheduler/lane.hpp"
#include "core/scheduler/thread_cpu.hpp"
#include "core/scheduler/worker_pool.hpp"

namespace tarsier::scheduler {

using SteadyTime = std::chrono::steady_clock::time_point;

/// One thread of the pool and the job that it runs. Guarded by the pool's mutex except for `charged_from_ns`.
struct Worker {
  std::thread thread;
  host::Owner* owner = nullptr;  // of the running job; null: none
  std::string job;
  std::chrono::nanoseconds deadline{0};
  SteadyTime due;
  bool reported = false;
  host::Owner* charged = nullptr;            // who uses the thread's CPU time now, in a job or in an index of a parallel_for
  std::atomic<int64_t> charged_from_ns{-1};  // in the thread's CPU time; below 0: about to begin

  void charge(host::Owner& to) noexcept {
    charged = &to;
    charged_from_ns.store(-1, std::memory_order_relaxed);
  }
  /// Without the mutex: the clock is a system call.
  int64_t begin() noexcept {
    const int64_t now_ns = thread_cpu_ns();
    charged_from_ns.store(now_ns, std::memory_order_relaxed);
    return now_ns;
  }
  /// What has been used and is in no account yet.
  int64_t uncharged_ns() {
    const int64_t from_ns = charged_from_ns.load(std::memory_order_relaxed);
    return from_ns < 0 || !thread.joinable() ? 0 : std::max<int64_t>(thread_cpu_ns(thread.native_handle()) - from_ns, 0);
  }
  /// Together, under the mutex, so that nothing is counted twice.
  void settle(int64_t cpu_ns) noexcept {
    charged->accounting().cpu_ns.fetch_add(cpu_ns, std::memory_order_relaxed);
    charged = nullptr;
  }
};

/// One parallel_for. Lives on the stack of its caller; guarded by the pool's mutex except for `next`.
struct ParallelRun {
  const std::function<void(uint64_t)>& run;
  host::Owner& owner;
  const uint64_t count;
  std::atomic<uint64_t> next{0};
  unsigned helpers = 0;
  std::condition_variable left{};
};

struct WorkerPool::State : std::enable_shared_from_this<WorkerPool::State> {
  explicit State(PoolOptions given);

  Result<void> submit(host::Owner& owner, Job job, bool bounded);
  bool start_worker(bool extra);
  bool add_worker(std::vector<Report>& reports);
  void worker_loop(Worker& self);
  bool take_job(std::unique_lock<std::mutex>& lock, Worker& self);
  void run_job(std::unique_lock<std::mutex>& lock, Worker& self, const std::shared_ptr<Lane>& lane, Job job);
  void skip_job(std::unique_lock<std::mutex>& lock, const std::shared_ptr<Lane>& lane, Job job);
  bool assist(std::unique_lock<std::mutex>& lock, Worker& self);
  void run_indices(ParallelRun& run, bool yield);
  void tell_if_quiet();
  void fail(host::Owner& owner, std::string_view job, std::string_view what);

  void watchdog_loop();
  SteadyTime watch_once(SteadyTime now, std::vector<Report>& reports, std::list<std::string>& texts);
  void wake_watchdog_by(SteadyTime due);

  const PoolOptions options;
  const unsigned base_workers;

  std::mutex mutex;
  std::condition_variable work;   // workers: a job or a parallel_for, or stopping
  std::condition_variable quiet;  // settle, detach and the destructor
  std::condition_variable watch;  // the watchdog
  std::unordered_map<host::Owner*, std::shared_ptr<Lane>> lanes;
  LaneList runnable;
  std::atomic<bool> jobs_ready{false};  // !runnable.empty(), for helpers between two indices
  std::list<ParallelRun*> parallel_runs;
  std::list<Worker> workers;
  std::vector<std::thread> exited;  // to be joined
  unsigned alive = 0;
  unsigned idle = 0;
  bool starved = false;  // the last worker could not be started
  unsigned stuck = 0;    // workers whose job was reported and still runs
  uint64_t waiting = 0;
  uint64_t busy = 0;  // running and skipping
  uint64_t extra_started = 0;
  SteadyTime last_take;     // when a worker last took a job
  SteadyTime watchdog_due;  // when the watchdog will look next
  bool stopping = false;
  std::thread watchdog;
};

}  // namespace tarsier::scheduler
