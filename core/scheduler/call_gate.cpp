#include "core/scheduler/call_gate.hpp"

namespace tarsier::scheduler {

CallGate::Pass::Pass(CallGate& gate) : gate_(gate) {
  const std::lock_guard lock(gate_.mutex_);
  open_ = !gate_.closed_;
  if (open_) gate_.running_on_ = std::this_thread::get_id();
}

CallGate::Pass::~Pass() {
  if (!open_) return;
  const std::lock_guard lock(gate_.mutex_);
  gate_.running_on_ = std::thread::id();
  gate_.left_.notify_all();
}

void CallGate::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
}

void CallGate::close_and_wait() {
  std::unique_lock lock(mutex_);
  closed_ = true;
  if (running_on_ == std::this_thread::get_id()) return;
  left_.wait(lock, [this] { return running_on_ == std::thread::id(); });
}

bool CallGate::closed() const {
  const std::lock_guard lock(mutex_);
  return closed_;
}

}  // namespace tarsier::scheduler
