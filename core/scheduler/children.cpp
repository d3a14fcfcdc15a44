#include "core/scheduler/children.hpp"

#include <signal.h>
#include <utility>

#include "core/scheduler/child_handles.hpp"

namespace tarsier::scheduler {

Children::Children(House& house, WorkerPool& pool) : house_(house), pool_(pool) {}

Result<tarsier_child*> Children::spawn(host::Owner& owner, const tarsier_process_spec& spec) {
  auto command = Command::from(spec);
  if (!command) return std::move(command).error();
  auto child = std::make_shared<tarsier_child>();
  child->children = this;
  child->owner = &owner;
  child->name = "child " + command->args[0];
  child->user = spec.user;
  child->on_output = spec.on_output;
  child->on_exit = spec.on_exit;
  Result<tarsier_child*> result = Error::unavailable("start " + command->args[0] + ": the scheduler is stopped");
  house_.call([&] {
    const std::lock_guard lock(owners_mutex_);
    if (owner.closed()) {
      result = Error::unavailable("instance " + owner.instance() + " is stopped: start " + command->args[0]);
      return;
    }
    if (auto started = ChildHandles::start(house_.loop(), child, *command); !started) {
      result = std::move(started).error();
      return;
    }
    of_owner_[&owner].insert(child);
    result = child.get();
  });
  return result;
}

void Children::kill(tarsier_child& child, int32_t signal_number) {
  house_.post([keep = child.shared_from_this(), signal_number] {
    if (keep->handles != nullptr) keep->handles->kill(signal_number);
  });
}

/// Adds an event to what waits for the instance, and has a job run that gives it all, in order.
void Children::deliver(const ChildPtr& child, ChildEvent event) {
  if (child->gate.closed()) return;
  {
    const std::lock_guard lock(child->events_mutex);
    child->waiting_bytes += event.bytes.size();
    child->events.push_back(std::move(event));
    if (std::exchange(child->in_pool, true)) return;
  }
  Job job;
  job.name = child->name;
  job.run = [this, child] { run_events(child); };
  // Refused or dropped only when the instance is closed: it hears no more then.
  if (!pool_.submit_unbounded(*child->owner, std::move(job))) child->gate.close();
}

void Children::run_events(const ChildPtr& child) {
  while (true) {
    std::deque<ChildEvent> events;
    bool was_full = false;
    {
      const std::lock_guard lock(child->events_mutex);
      events.swap(child->events);
      was_full = std::exchange(child->waiting_bytes, 0) >= kMaxWaitingOutput;
      child->in_pool = !events.empty();
    }
    if (events.empty()) return;
    for (const ChildEvent& event : events) {
      const CallGate::Pass pass(child->gate);
      if (!pass.open()) return;
      if (event.stream != 0) {
        child->on_output(child->user, event.stream, bytes(event.bytes));
        continue;
      }
      if (child->on_exit != nullptr) child->on_exit(child->user, event.exit_code, event.signal);
      drop(child);
      return;
    }
    if (was_full)
      house_.post([child] {
        if (child->handles != nullptr) child->handles->resume();
      });
  }
}

void Children::drop(const ChildPtr& child) {
  const std::lock_guard lock(owners_mutex_);
  if (const auto found = of_owner_.find(child->owner); found != of_owner_.end()) found->second.erase(child);
}

void Children::detach(host::Owner& owner) {
  // On the house thread, so that a spawn is either seen here or sees the closed instance.
  house_.call([this, &owner] {
    const std::lock_guard lock(owners_mutex_);
    const auto found = of_owner_.find(&owner);
    if (found == of_owner_.end()) return;
    for (const ChildPtr& child : found->second) {
      child->gate.close();
      if (child->handles == nullptr) continue;
      child->handles->kill_group();
      child->handles->close_streams();
    }
  });
}

void Children::forget(host::Owner& owner) {
  const std::lock_guard lock(owners_mutex_);
  of_owner_.erase(&owner);
}

void Children::stop() {
  house_.call([this] {
    const std::lock_guard lock(owners_mutex_);
    for (auto& [owner, children] : of_owner_) {
      for (const ChildPtr& child : children) {
        child->gate.close();
        if (child->handles == nullptr) continue;
        child->handles->kill_group();
        child->handles->close_streams();
      }
    }
  });
}

}  // namespace tarsier::scheduler
