#include "core/host/owner.hpp"

namespace tarsier::host {

bool Owner::enter() noexcept {
  uint64_t state = state_.load(std::memory_order_relaxed);
  do {
    if ((state & kClosed) != 0) return false;
  } while (!state_.compare_exchange_weak(state, state + 1, std::memory_order_acq_rel, std::memory_order_relaxed));
  return true;
}

void Owner::leave() noexcept {
  // The lock is held over the decrement only when somebody may be waiting, so that drain() cannot return, and the Owner cannot be
  // destroyed, between the decrement and the notification.
  if ((state_.load(std::memory_order_acquire) & kClosed) == 0) {
    uint64_t state = state_.load(std::memory_order_relaxed);
    while ((state & kClosed) == 0) {
      if (state_.compare_exchange_weak(state, state - 1, std::memory_order_acq_rel, std::memory_order_relaxed)) return;
    }
  }
  const std::lock_guard lock(drained_mutex_);
  if (state_.fetch_sub(1, std::memory_order_acq_rel) - 1 == kClosed) drained_.notify_all();
}

void Owner::close() noexcept { state_.fetch_or(kClosed, std::memory_order_acq_rel); }

void Owner::open() noexcept { state_.fetch_and(~kClosed, std::memory_order_acq_rel); }

bool Owner::drain(std::chrono::nanoseconds timeout) {
  std::unique_lock lock(drained_mutex_);
  return drained_.wait_for(lock, timeout, [this] { return in_flight() == 0; });
}

}  // namespace tarsier::host
