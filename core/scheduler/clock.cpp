#include "core/scheduler/clock.hpp"

#include <algorithm>
#include <time.h>

namespace tarsier::scheduler {

namespace {

int64_t read_clock(clockid_t id) noexcept {
  timespec now{};
  clock_gettime(id, &now);
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

}  // namespace

int64_t SystemClock::wall_ns() const noexcept { return read_clock(CLOCK_REALTIME); }
int64_t SystemClock::mono_ns() const noexcept { return read_clock(CLOCK_MONOTONIC); }

VirtualClock::VirtualClock(int64_t wall_ns) : wall_offset_ns_(wall_ns - mono_ns_) {}

int64_t VirtualClock::wall_ns() const noexcept {
  const std::lock_guard lock(time_mutex_);
  return mono_ns_ + wall_offset_ns_;
}

int64_t VirtualClock::mono_ns() const noexcept {
  const std::lock_guard lock(time_mutex_);
  return mono_ns_;
}

bool VirtualClock::drives(TimerSource& source) {
  const std::lock_guard lock(sources_mutex_);
  sources_.push_back(&source);
  return true;
}

void VirtualClock::release(TimerSource& source) {
  const std::lock_guard lock(sources_mutex_);
  std::erase(sources_, &source);
}

std::vector<TimerSource*> VirtualClock::sources() const {
  const std::lock_guard lock(sources_mutex_);
  return sources_;
}

int64_t VirtualClock::next_due_ns() const {
  int64_t next = INT64_MAX;
  for (TimerSource* source : sources()) next = std::min(next, source->next_due_ns());
  return next;
}

void VirtualClock::advance(int64_t ns) {
  const int64_t target = mono_ns() + ns;
  settle();
  for (int64_t next = next_due_ns(); next <= target; next = next_due_ns()) {
    int64_t now = 0;
    {
      // A job may have let time pass() beyond the next timer, or beyond the target: time never goes back.
      const std::lock_guard lock(time_mutex_);
      mono_ns_ = std::max(mono_ns_, next);
      now = mono_ns_;
    }
    for (TimerSource* source : sources()) source->fire(now);
    settle();
  }
  const std::lock_guard lock(time_mutex_);
  mono_ns_ = std::max(mono_ns_, target);
}

void VirtualClock::pass(int64_t ns) {
  const std::lock_guard lock(time_mutex_);
  mono_ns_ += ns;
}

void VirtualClock::settle() {
  for (TimerSource* source : sources()) source->settle();
}

void VirtualClock::jump_wall(int64_t ns) {
  const std::lock_guard lock(time_mutex_);
  wall_offset_ns_ += ns;
}

}  // namespace tarsier::scheduler
