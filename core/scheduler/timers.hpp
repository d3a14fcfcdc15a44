// Timers: all timers of all instances, in the order in which they are due, and the way from a tick to a job of the pool.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <unordered_set>

#include "core/scheduler/timer.hpp"
#include "core/scheduler/worker_pool.hpp"
#include "tarsier/abi/scheduler.h"

namespace tarsier::scheduler {

/// Thread-safe. Driven by the house thread, or by a VirtualClock.
class Timers final : public TimerSource {
 public:
  /// `earlier` is called, without a lock, when a new timer is due before all others.
  Timers(Clock& clock, WorkerPool& pool, ReportFunction report, std::function<void()> earlier);
  Timers(const Timers&) = delete;
  Timers& operator=(const Timers&) = delete;
  ~Timers() override;

  Result<tarsier_timer*> every(host::Owner& owner, const tarsier_timer_spec& spec);
  Result<tarsier_timer*> after(host::Owner& owner, int64_t delay_ns, const tarsier_job& job, bool keep_handle);
  void cancel(tarsier_timer& timer);
  void detach(host::Owner& owner);
  void forget(host::Owner& owner);

  int64_t next_due_ns() override;
  void fire(int64_t now_ns) override;
  void settle() override { pool_.settle(); }

 private:
  using TimerPtr = std::shared_ptr<tarsier_timer>;
  Result<tarsier_timer*> add(const TimerPtr& timer, int64_t delay_ns, int64_t tick_wall_ns);
  void arm(const TimerPtr& timer, int64_t due_ns);
  void disarm(tarsier_timer& timer);
  void rearm(const TimerPtr& timer, int64_t now_ns);
  void start(const TimerPtr& timer);
  void execute(tarsier_timer& timer);
  void finished(tarsier_timer& timer, Outcome outcome);
  void adapt(tarsier_timer& timer, int64_t took_ns);
  void publish_factor(host::Owner& owner);

  Clock& clock_;
  WorkerPool& pool_;
  const ReportFunction report_;
  const std::function<void()> earlier_;

  std::mutex mutex_;  // guards what follows and the marked fields of each timer
  std::map<std::pair<int64_t, uint64_t>, TimerPtr> due_;
  uint64_t next_sequence_ = 0;
  std::unordered_map<host::Owner*, std::unordered_set<TimerPtr>> of_owner_;
};

}  // namespace tarsier::scheduler
