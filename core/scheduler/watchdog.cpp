// The pool's watchdog: reports jobs that run past their deadline and replaces workers that are stuck. It sleeps without a time-out
// while nothing runs, so that it costs nothing at rest.
#include <algorithm>

#include "core/scheduler/pool_state.hpp"
#include "core/scheduler/thread_cpu.hpp"

namespace tarsier::scheduler {

void WorkerPool::State::wake_watchdog_by(SteadyTime due) {
  if (due >= watchdog_due) return;
  watchdog_due = due;
  watch.notify_one();
}

/// One look at all workers; returns when the next one is needed. The texts are copies, because the instances may be gone when the
/// reports are given.
SteadyTime WorkerPool::State::watch_once(SteadyTime now, std::vector<Report>& reports, std::list<std::string>& texts) {
  SteadyTime next = SteadyTime::max();
  for (Worker& worker : workers) {
    if (worker.owner == nullptr) continue;
    if (now < worker.due) {
      next = std::min(next, worker.due);
      continue;
    }
    if (worker.reported) continue;
    worker.reported = true;
    ++stuck;
    worker.owner->accounting().overruns.fetch_add(1, std::memory_order_relaxed);
    const std::string& instance = texts.emplace_back(worker.owner->instance());
    const std::string& job = texts.emplace_back(worker.job);
    reports.push_back({Report::Kind::overrun, instance, job, worker.deadline, 1, {}});
  }
  const bool may_grow = alive < base_workers + options.extra_workers && !stopping;
  if (may_grow && alive - stuck < base_workers) return add_worker(reports) ? now : std::min(next, now + options.stall);
  if (may_grow && idle == 0 && !runnable.empty()) {
    if (now < last_take + options.stall) return std::min(next, last_take + options.stall);
    (void)add_worker(reports);
    last_take = now;  // gives the new one its time before the next
    return std::min(next, now + options.stall);
  }
  return next;
}

bool WorkerPool::State::add_worker(std::vector<Report>& reports) {
  const bool added = start_worker(true);
  if (!added && !starved) reports.push_back({Report::Kind::no_thread, {}, {}, {}, 1, {}});
  starved = !added;
  return added;
}

void WorkerPool::State::watchdog_loop() {
  name_thread("watchdog");
  std::unique_lock lock(mutex);
  while (!stopping) {
    const SteadyTime now = std::chrono::steady_clock::now();
    if (now < watchdog_due) {
      if (watchdog_due == SteadyTime::max()) {
        watch.wait(lock);
      } else {
        watch.wait_until(lock, SteadyTime(watchdog_due));
      }
      continue;
    }
    std::vector<Report> reports;
    std::list<std::string> texts;
    watchdog_due = watch_once(now, reports, texts);
    std::vector<std::thread> join = std::move(exited);
    exited.clear();
    lock.unlock();
    for (std::thread& thread : join) thread.join();
    if (options.report)
      for (const Report& report : reports) options.report(report);
    lock.lock();
  }
}

}  // namespace tarsier::scheduler
