#include "core/scheduler/timers.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

namespace tarsier::scheduler {

namespace {

Result<std::shared_ptr<tarsier_timer>> make_timer(host::Owner& owner, const tarsier_job& job) {
  if (!TARSIER_HAS(&job, run) || job.run == nullptr)
    return Error::invalid("job \"" + std::string(view(job.name)) + "\" has no function");
  auto timer = std::make_shared<tarsier_timer>();
  timer->owner = &owner;
  timer->name = view(job.name);
  timer->priority = priority_of(job.priority);
  timer->deadline = job.deadline_ns > 0 ? std::chrono::nanoseconds(job.deadline_ns) : kDefaultDeadline;
  timer->user = job.user;
  timer->run = job.run;
  timer->drop = TARSIER_HAS(&job, drop) ? job.drop : nullptr;
  return timer;
}

}  // namespace

Timers::Timers(Clock& clock, WorkerPool& pool, ReportFunction report, std::function<void()> earlier)
    : clock_(clock), pool_(pool), report_(std::move(report)), earlier_(std::move(earlier)) {}

Timers::~Timers() = default;

Result<tarsier_timer*> Timers::every(host::Owner& owner, const tarsier_timer_spec& spec) {
  // The job is the last member and may itself be of an older, shorter kind: up to `run` both must reach.
  if (spec.size < offsetof(tarsier_timer_spec, job) + offsetof(tarsier_job, run) + sizeof(spec.job.run) ||
      !TARSIER_HAS(&spec.job, run))
    return Error::invalid("timer spec is too short");
  if (spec.interval_ns <= 0)
    return Error::invalid("timer \"" + std::string(view(spec.job.name)) + "\": interval must be above 0, is " +
                          std::to_string(spec.interval_ns) + " ns");
  auto made = make_timer(owner, spec.job);
  if (!made) return std::move(made).error();
  tarsier_timer& timer = **made;
  timer.rhythm.interval_ns = spec.interval_ns;
  timer.rhythm.offset_ns = spec.offset_ns;
  // A spread that is stable over restarts needs the wall clock's grid.
  timer.rhythm.aligned = (spec.flags & (TARSIER_TIMER_ALIGNED | TARSIER_TIMER_SPREAD)) != 0;
  if ((spec.flags & TARSIER_TIMER_SPREAD) != 0)
    timer.rhythm.offset_ns += spread_offset_ns(owner.instance(), timer.name, spec.interval_ns);
  if (spec.job.deadline_ns <= 0) timer.deadline = std::chrono::nanoseconds(spec.interval_ns);
  const Rhythm::Tick tick = timer.rhythm.first(clock_.wall_ns());
  return add(*made, tick.delay_ns, tick.wall_ns);
}

Result<tarsier_timer*> Timers::after(host::Owner& owner, int64_t delay_ns, const tarsier_job& job, bool keep_handle) {
  auto made = make_timer(owner, job);
  if (!made) return std::move(made).error();
  (*made)->has_handle = keep_handle;
  return add(*made, std::max<int64_t>(delay_ns, 0), 0);
}

Result<tarsier_timer*> Timers::add(const TimerPtr& timer, int64_t delay_ns, int64_t tick_wall_ns) {
  timer->timers = this;
  timer->tick_wall_ns = tick_wall_ns;
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    // Within the lock: detach() comes after close(), so nothing is added behind its back.
    if (timer->owner->closed())
      return Error::unavailable("instance " + timer->owner->instance() + " is stopped: timer \"" + timer->name + "\"");
    of_owner_[timer->owner].insert(timer);
    arm(timer, clock_.mono_ns() + delay_ns);
    first = due_.begin()->second == timer;
  }
  if (first) earlier_();
  return timer->has_handle ? timer.get() : nullptr;
}

void Timers::arm(const TimerPtr& timer, int64_t due_ns) {
  timer->armed = true;
  timer->due_ns = due_ns;
  timer->sequence = next_sequence_++;
  due_.emplace(std::pair(timer->due_ns, timer->sequence), timer);
}

void Timers::disarm(tarsier_timer& timer) {
  if (timer.armed) due_.erase({timer.due_ns, timer.sequence});
  timer.armed = false;
}

int64_t Timers::next_due_ns() {
  const std::lock_guard lock(mutex_);
  return due_.empty() ? INT64_MAX : due_.begin()->first.first;
}

void Timers::fire(int64_t now_ns) {
  std::unique_lock lock(mutex_);
  while (!due_.empty() && due_.begin()->first.first <= now_ns) {
    const TimerPtr timer = due_.begin()->second;
    disarm(*timer);
    if (timer->rhythm.interval_ns > 0) rearm(timer, now_ns);
    // With the lock held, so that detach() cannot be through before the job is in the instance's queue.
    start(timer);
  }
}

void Timers::rearm(const TimerPtr& timer, int64_t now_ns) {
  const Rhythm::Tick tick =
      timer->rhythm.next(clock_.wall_ns(), timer->tick_wall_ns, timer->factor.load(std::memory_order_relaxed));
  timer->tick_wall_ns = tick.wall_ns;
  timer->missed.fetch_add(tick.missed, std::memory_order_relaxed);
  // Unaligned timers keep their beat, however late this tick was served, but do not catch up on what they missed.
  const int64_t due_ns = timer->rhythm.aligned ? now_ns + tick.delay_ns : timer->due_ns + tick.delay_ns;
  arm(timer, std::max(due_ns, now_ns + 1));
}

void Timers::start(const TimerPtr& timer) {
  if (timer->in_pool.exchange(true, std::memory_order_acq_rel)) {
    timer->missed.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  Job job;
  job.name = timer->name;
  job.priority = timer->priority;
  job.deadline = timer->deadline;
  job.run = [this, timer] { execute(*timer); };
  job.done = [this, timer](Outcome outcome) { finished(*timer, outcome); };
  if (!pool_.submit_unbounded(*timer->owner, std::move(job))) timer->in_pool.store(false, std::memory_order_release);
}

void Timers::execute(tarsier_timer& timer) {
  const CallGate::Pass pass(timer.gate);
  if (!pass.open()) return;
  const int64_t begin_ns = clock_.mono_ns();
  timer.run(timer.user);
  if (timer.rhythm.interval_ns > 0) adapt(timer, clock_.mono_ns() - begin_ns);
}

void Timers::finished(tarsier_timer& timer, Outcome outcome) {
  if (timer.has_handle) {
    timer.in_pool.store(false, std::memory_order_release);
    return;
  }
  // Runs once, and stays marked as in the pool, so that detach() does not drop what has run.
  if (outcome == Outcome::skipped && timer.drop != nullptr) timer.drop(timer.user);
  const std::lock_guard lock(mutex_);
  if (const auto found = of_owner_.find(timer.owner); found != of_owner_.end()) found->second.erase(timer.shared_from_this());
}

/// Doubles the interval of a job that overran it, and takes that back after three runs within the configured one.
void Timers::adapt(tarsier_timer& timer, int64_t took_ns) {
  const uint32_t factor = timer.factor.load(std::memory_order_relaxed);
  const int64_t interval = timer.rhythm.interval_ns;
  uint32_t changed = factor;
  if (took_ns > interval * static_cast<int64_t>(factor)) {
    timer.good_runs = 0;
    changed = std::min(factor * 2, kMaxFactor);
  } else if (took_ns > interval) {
    timer.good_runs = 0;
  } else if (factor > 1 && ++timer.good_runs >= kGoodRunsToRecover) {
    timer.good_runs = 0;
    changed = 1;
  }
  if (changed == factor) return;
  timer.factor.store(changed, std::memory_order_relaxed);
  publish_factor(*timer.owner);
  const auto kind = changed > factor ? Report::Kind::slowed : Report::Kind::recovered;
  if (report_) report_({kind, timer.owner->instance(), timer.name, std::chrono::nanoseconds(interval), changed, {}});
}

void Timers::publish_factor(host::Owner& owner) {
  uint32_t highest = 1;
  const std::lock_guard lock(mutex_);
  if (const auto found = of_owner_.find(&owner); found != of_owner_.end())
    for (const TimerPtr& timer : found->second) highest = std::max(highest, timer->factor.load(std::memory_order_relaxed));
  owner.accounting().interval_factor.store(highest, std::memory_order_relaxed);
}

void Timers::cancel(tarsier_timer& timer) {
  const TimerPtr keep = timer.shared_from_this();
  {
    const std::lock_guard lock(mutex_);
    disarm(timer);
    if (const auto found = of_owner_.find(timer.owner); found != of_owner_.end()) found->second.erase(keep);
  }
  timer.gate.close_and_wait();
}

void Timers::detach(host::Owner& owner) {
  std::vector<TimerPtr> dropped;
  {
    const std::lock_guard lock(mutex_);
    const auto found = of_owner_.find(&owner);
    if (found == of_owner_.end()) return;
    for (const TimerPtr& timer : found->second) {
      if (timer->has_handle) timer->gate.close();
      if (!timer->has_handle && !timer->in_pool.load(std::memory_order_acquire)) dropped.push_back(timer);
      disarm(*timer);
    }
    for (const TimerPtr& timer : dropped) found->second.erase(timer);
  }
  for (const TimerPtr& timer : dropped)
    if (timer->drop != nullptr) timer->drop(timer->user);
  publish_factor(owner);
}

void Timers::forget(host::Owner& owner) {
  const std::lock_guard lock(mutex_);
  of_owner_.erase(&owner);
}

}  // namespace tarsier::scheduler
