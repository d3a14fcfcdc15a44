#include "core/scheduler/scheduler.hpp"

#include <algorithm>
#include <utility>

#include "core/scheduler/children.hpp"
#include "core/scheduler/control_calls.hpp"
#include "core/scheduler/house.hpp"
#include "core/scheduler/timers.hpp"
#include "core/scheduler/watches.hpp"

namespace tarsier::scheduler {

struct Scheduler::Impl {
  Impl(Clock& given, const PoolOptions& options)
      : clock(given),
        control(options.report),
        pool(options),
        timers(given, pool, options.report, [this] { house.timers_changed(); }),
        watches(house, pool),
        children(house, pool) {}

  Clock& clock;
  House house;
  ControlCalls control;
  WorkerPool pool;
  Timers timers;
  Watches watches;
  Children children;
};

Scheduler::Scheduler(Clock& clock, const PoolOptions& options) : impl_(std::make_unique<Impl>(clock, options)) {
  if (!clock.drives(impl_->timers)) impl_->house.serve(impl_->timers, clock);
}

Scheduler::~Scheduler() {
  impl_->clock.release(impl_->timers);
  impl_->children.stop();
  impl_->watches.stop();
  impl_->house.stop();
  // Jobs refer to timers, watches and children: when one hangs for good they must stay, until the process is gone a moment later.
  if (!impl_->pool.shut_down()) static_cast<void>(impl_.release());
}

Clock& Scheduler::clock() noexcept { return impl_->clock; }
WorkerPool& Scheduler::pool() noexcept { return impl_->pool; }

ControlOutcome Scheduler::run_control(host::Owner& owner, std::function<void()> call, std::chrono::nanoseconds deadline) {
  return impl_->control.run(owner, std::move(call), deadline);
}

// The account first: a call that returns in between is missed, and found the next time, rather than counted twice.
int64_t Scheduler::cpu_ns(host::Owner& owner) const {
  const int64_t returned_ns = owner.accounting().cpu_ns.load(std::memory_order_relaxed);
  const int64_t now_ns = returned_ns + impl_->pool.running_cpu_ns(owner) + impl_->control.running_cpu_ns(owner);
  auto& shown_ns = owner.accounting().shown_cpu_ns;
  int64_t before_ns = shown_ns.load(std::memory_order_relaxed);
  while (before_ns < now_ns && !shown_ns.compare_exchange_weak(before_ns, now_ns, std::memory_order_relaxed)) {
  }
  return std::max(before_ns, now_ns);
}

Result<tarsier_timer*> Scheduler::every(host::Owner& owner, const tarsier_timer_spec& spec) {
  return impl_->timers.every(owner, spec);
}

Result<tarsier_timer*> Scheduler::after(host::Owner& owner, int64_t delay_ns, const tarsier_job& job, bool keep_handle) {
  return impl_->timers.after(owner, delay_ns, job, keep_handle);
}

Result<void> Scheduler::post(host::Owner& owner, const tarsier_job& job) {
  if (!TARSIER_HAS(&job, run) || job.run == nullptr)
    return Error::invalid("job \"" + std::string(view(job.name)) + "\" has no function");
  Job made;
  made.name = view(job.name);
  made.priority = priority_of(job.priority);
  if (job.deadline_ns > 0) made.deadline = std::chrono::nanoseconds(job.deadline_ns);
  made.run = [run = job.run, user = job.user] { run(user); };
  auto* drop = TARSIER_HAS(&job, drop) ? job.drop : nullptr;
  if (drop != nullptr) {
    made.done = [drop, user = job.user](Outcome outcome) {
      if (outcome == Outcome::skipped) drop(user);
    };
  }
  return impl_->pool.submit(owner, std::move(made));
}

Result<tarsier_watch*> Scheduler::watch(host::Owner& owner, std::string path, void* user,
                                        void (*on_event)(void* user, tarsier_str path, uint32_t events)) {
  return impl_->watches.add(owner, std::move(path), user, on_event);
}

Result<tarsier_child*> Scheduler::spawn(host::Owner& owner, const tarsier_process_spec& spec) {
  return impl_->children.spawn(owner, spec);
}

void Scheduler::cancel(tarsier_timer* timer) { timer->timers->cancel(*timer); }
void Scheduler::unwatch(tarsier_watch* watch) { watch->watches->remove(*watch); }
void Scheduler::kill(tarsier_child* child, int32_t signal) { child->children->kill(*child, signal); }

Result<void> Scheduler::on_signal(int signal_number, std::function<void()> call) {
  return impl_->house.on_signal(signal_number, std::move(call));
}

void Scheduler::detach(host::Owner& owner) {
  impl_->timers.detach(owner);
  impl_->watches.detach(owner);
  impl_->children.detach(owner);
  impl_->pool.detach(owner);
}

void Scheduler::forget(host::Owner& owner) {
  impl_->timers.forget(owner);
  impl_->watches.forget(owner);
  impl_->children.forget(owner);
}

void Scheduler::settle() { impl_->pool.settle(); }

}  // namespace tarsier::scheduler
