#include "core/scheduler/worker_pool.hpp"

#include <algorithm>
#include <exception>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "core/scheduler/pool_state.hpp"
#include "core/scheduler/thread_cpu.hpp"

namespace tarsier::scheduler {

namespace {

constexpr int64_t kCostOfACall = 1'000;  // ns added to each turn, so that many tiny jobs count too

void finish(Job& job, Outcome outcome) {
  job.run = nullptr;  // what it holds is freed while the instance is still there
  if (job.done) job.done(outcome);
  job.done = nullptr;
}

}  // namespace

WorkerPool::State::State(PoolOptions given)
    : options(std::move(given)),
      base_workers(options.workers > 0 ? options.workers : std::max(2U, std::thread::hardware_concurrency())),
      last_take(std::chrono::steady_clock::now()),
      watchdog_due(SteadyTime::max()) {}

WorkerPool::WorkerPool(PoolOptions options) : state_(std::make_shared<State>(std::move(options))) {
  const std::lock_guard lock(state_->mutex);
  for (unsigned i = 0; i < state_->base_workers; ++i) {
    if (!state_->start_worker(false) && i == 0) throw std::runtime_error("the system gives no thread for a worker");
  }
  state_->watchdog = std::thread([state = state_] { state->watchdog_loop(); });
}

WorkerPool::~WorkerPool() { shut_down(); }

bool WorkerPool::shut_down() {
  std::vector<Job> dropped;
  std::unique_lock lock(state_->mutex);
  if (state_->stopping) return state_->alive == 0;
  state_->stopping = true;
  for (auto& [owner, lane] : state_->lanes) {
    state_->waiting -= lane->waiting;
    for (Job& job : lane->pop_all()) dropped.push_back(std::move(job));
    state_->runnable.refresh(*lane);
  }
  state_->work.notify_all();
  state_->watch.notify_all();
  lock.unlock();
  for (Job& job : dropped) finish(job, Outcome::skipped);
  state_->watchdog.join();
  lock.lock();
  const bool all_left = state_->quiet.wait_for(lock, kPatience, [this] { return state_->alive == 0; });
  std::vector<std::thread> join = std::move(state_->exited);
  for (Worker& worker : state_->workers) {
    // A worker that hangs in a plugin cannot be joined; it shares the state, so nothing is freed under it.
    worker.thread.detach();
  }
  lock.unlock();
  for (std::thread& thread : join) thread.join();
  return all_left;
}

/// False when the system gives no thread: the workers that there are go on.
bool WorkerPool::State::start_worker(bool extra) {
  workers.emplace_back();
  Worker& worker = workers.back();
  try {
    worker.thread = std::thread([state = shared_from_this(), &worker] { state->worker_loop(worker); });
  } catch (const std::system_error&) {
    workers.pop_back();
    return false;
  }
  ++alive;
  if (extra) ++extra_started;
  return true;
}

Result<void> WorkerPool::State::submit(host::Owner& owner, Job job, bool bounded) {
  std::unique_lock lock(mutex);
  if (owner.closed() || stopping)
    return Error::unavailable("instance " + owner.instance() + " is stopped: job \"" + job.name + "\"");
  auto& lane = lanes[&owner];
  if (lane == nullptr) lane = std::make_shared<Lane>(owner);
  if (bounded && lane->waiting >= options.queue_limit)
    return Error(TARSIER_AGAIN, "instance " + owner.instance() + " has " + std::to_string(lane->waiting) + " jobs waiting",
                 std::chrono::nanoseconds(options.stall).count());
  lane->push(std::move(job));
  ++waiting;
  runnable.refresh(*lane);
  if (!lane->runnable()) return {};
  jobs_ready.store(true, std::memory_order_relaxed);
  if (idle == 0) {
    wake_watchdog_by(std::chrono::steady_clock::now() + options.stall);
    return {};
  }
  lock.unlock();  // so that the worker does not wake up to wait for it
  work.notify_one();
  return {};
}

void WorkerPool::State::worker_loop(Worker& self) {
  name_thread("work");
  std::unique_lock lock(mutex);
  while (true) {
    if (take_job(lock, self) || assist(lock, self)) continue;
    // A replacement goes when those it stood in for are back: there are enough without it, and one of them is idle.
    if (stopping || (alive - stuck > base_workers && idle > 0)) break;
    ++idle;
    work.wait(lock);
    --idle;
  }
  exited.push_back(std::move(self.thread));
  workers.remove_if([&self](const Worker& worker) { return &worker == &self; });
  --alive;
  quiet.notify_all();
}

bool WorkerPool::State::take_job(std::unique_lock<std::mutex>& lock, Worker& self) {
  const auto [chosen, at] = runnable.choose();
  if (chosen == nullptr) return false;
  const std::shared_ptr<Lane> lane = chosen->shared_from_this();
  Job job = lane->pop(at);
  --waiting;
  ++busy;
  last_take = std::chrono::steady_clock::now();
  if (lane->owner->enter()) {
    run_job(lock, self, lane, std::move(job));
  } else {
    skip_job(lock, lane, std::move(job));
  }
  --busy;
  tell_if_quiet();
  return true;
}

void WorkerPool::State::run_job(std::unique_lock<std::mutex>& lock, Worker& self, const std::shared_ptr<Lane>& lane, Job job) {
  host::Owner& owner = *lane->owner;
  ++lane->running;
  runnable.refresh(*lane);
  jobs_ready.store(!runnable.empty(), std::memory_order_relaxed);
  if (!runnable.empty()) {
    if (idle > 0) {
      work.notify_one();
    } else {
      wake_watchdog_by(last_take + options.stall);
    }
  }
  self.owner = &owner;
  self.job = std::move(job.name);
  self.deadline = job.deadline;
  self.due = last_take + job.deadline;
  self.reported = false;
  wake_watchdog_by(self.due);
  self.charge(owner);
  lock.unlock();

  const int64_t begin_ns = self.begin();
  const auto begin = std::chrono::steady_clock::now();
  Outcome outcome = Outcome::ran;
  try {
    job.run();
  } catch (const std::exception& exception) {
    outcome = Outcome::failed;
    fail(owner, self.job, exception.what());
  } catch (...) {
    outcome = Outcome::failed;
    fail(owner, self.job, "not a std::exception");
  }
  const int64_t cpu_ns = thread_cpu_ns() - begin_ns;
  owner.accounting().calls.fetch_add(1, std::memory_order_relaxed);
  owner.accounting().call_time.add((std::chrono::steady_clock::now() - begin).count());
  finish(job, outcome);

  lock.lock();
  self.owner = nullptr;
  self.settle(cpu_ns);
  if (self.reported) --stuck;
  lane->turn_ns += (cpu_ns + kCostOfACall) * kDefaultShare / lane->share;
  --lane->running;
  runnable.refresh(*lane);
  jobs_ready.store(!runnable.empty(), std::memory_order_relaxed);
  owner.leave();  // last: from here on the Owner may be gone
}

void WorkerPool::State::skip_job(std::unique_lock<std::mutex>& lock, const std::shared_ptr<Lane>& lane, Job job) {
  ++lane->skipping;
  runnable.refresh(*lane);
  lock.unlock();
  finish(job, Outcome::skipped);
  lock.lock();
  --lane->skipping;
  quiet.notify_all();
}

void WorkerPool::State::tell_if_quiet() {
  if (waiting == 0 && busy == 0) quiet.notify_all();
}

void WorkerPool::State::fail(host::Owner& owner, std::string_view job, std::string_view what) {
  owner.accounting().failures.fetch_add(1, std::memory_order_relaxed);
  if (options.report) options.report({Report::Kind::failure, owner.instance(), job, {}, 1, what});
}

// ---- parallel_for ---------------------------------------------------------------------------------------------------------------

void WorkerPool::State::run_indices(ParallelRun& run, bool yield) {
  while (!yield || !jobs_ready.load(std::memory_order_relaxed)) {
    const uint64_t index = run.next.fetch_add(1, std::memory_order_relaxed);
    if (index >= run.count) return;
    try {
      run.run(index);
    } catch (const std::exception& exception) {
      fail(run.owner, "parallel_for", exception.what());
    } catch (...) {
      fail(run.owner, "parallel_for", "not a std::exception");
    }
  }
}

/// Helps the oldest parallel_for until it is through or jobs wait: jobs come first, the caller goes on anyway.
bool WorkerPool::State::assist(std::unique_lock<std::mutex>& lock, Worker& self) {
  while (!parallel_runs.empty() && parallel_runs.front()->next.load(std::memory_order_relaxed) >= parallel_runs.front()->count)
    parallel_runs.pop_front();
  if (parallel_runs.empty()) return false;
  ParallelRun& run = *parallel_runs.front();
  ++run.helpers;
  self.charge(run.owner);
  lock.unlock();
  const int64_t begin_ns = self.begin();
  run_indices(run, true);
  const int64_t cpu_ns = thread_cpu_ns() - begin_ns;
  lock.lock();
  self.settle(cpu_ns);
  --run.helpers;
  run.left.notify_all();
  return true;
}

void WorkerPool::parallel_for(host::Owner& owner, uint64_t count, const std::function<void(uint64_t)>& run) {
  ParallelRun parallel{run, owner, count};
  if (count > 1) {
    const std::lock_guard lock(state_->mutex);
    state_->parallel_runs.push_back(&parallel);
    for (uint64_t i = 1; i < count && i <= state_->idle; ++i) state_->work.notify_one();
  }
  state_->run_indices(parallel, false);
  if (count <= 1) return;
  std::unique_lock lock(state_->mutex);
  state_->parallel_runs.remove(&parallel);
  parallel.left.wait(lock, [&parallel] { return parallel.helpers == 0; });
}

// ---- the rest of the interface --------------------------------------------------------------------------------------------------

Result<void> WorkerPool::submit(host::Owner& owner, Job job) { return state_->submit(owner, std::move(job), true); }
Result<void> WorkerPool::submit_unbounded(host::Owner& owner, Job job) { return state_->submit(owner, std::move(job), false); }

void WorkerPool::set_share(host::Owner& owner, uint32_t share) {
  const std::lock_guard lock(state_->mutex);
  auto& lane = state_->lanes[&owner];
  if (lane == nullptr) lane = std::make_shared<Lane>(owner);
  lane->share = std::max(1U, share);
}

void WorkerPool::detach(host::Owner& owner) {
  std::vector<Job> dropped;
  std::unique_lock lock(state_->mutex);
  const auto found = state_->lanes.find(&owner);
  if (found == state_->lanes.end()) return;
  const std::shared_ptr<Lane> lane = found->second;
  state_->waiting -= lane->waiting;
  dropped = lane->pop_all();
  state_->runnable.refresh(*lane);
  state_->jobs_ready.store(!state_->runnable.empty(), std::memory_order_relaxed);
  state_->lanes.erase(found);
  state_->quiet.wait(lock, [&lane] { return lane->skipping == 0; });
  state_->tell_if_quiet();
  lock.unlock();
  for (Job& job : dropped) finish(job, Outcome::skipped);
}

void WorkerPool::settle() {
  std::unique_lock lock(state_->mutex);
  state_->quiet.wait(lock, [this] { return state_->waiting == 0 && state_->busy == 0; });
}

int64_t WorkerPool::running_cpu_ns(const host::Owner& owner) const {
  const std::lock_guard lock(state_->mutex);
  int64_t sum_ns = 0;
  for (Worker& worker : state_->workers) {
    if (worker.charged == &owner) sum_ns += worker.uncharged_ns();
  }
  return sum_ns;
}

PoolStats WorkerPool::stats() const {
  const std::lock_guard lock(state_->mutex);
  return {state_->waiting, state_->busy, state_->alive, state_->extra_started};
}

}  // namespace tarsier::scheduler
