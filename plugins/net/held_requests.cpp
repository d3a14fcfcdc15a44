#include "plugins/net/held_requests.hpp"

#include <iterator>
#include <utility>

namespace tarsier::net {
namespace {
constexpr int64_t kPauseNs = 10'000'000;
}

void HeldRequests::add(int64_t until_ns, Attempt attempt) {
  {
    const std::lock_guard lock(held_mutex_);
    if (!closed_ && (wakes_ || wake_later())) {
      held_.push_back({until_ns, std::move(attempt)});
      return;
    }
  }
  (void)attempt(true);
}

bool HeldRequests::wake_later() {
  tarsier_job job{};
  job.size = sizeof(job);
  job.name = str("http: try held requests again");
  job.user = this;
  job.run = [](void* self) { static_cast<HeldRequests*>(self)->try_all(); };
  // Dropped: net is about to be stopped, and stop() closes this.
  wakes_ = host_.scheduler->after(host_.raw(), kPauseNs, &job, nullptr, nullptr) == TARSIER_OK;
  return wakes_;
}

void HeldRequests::try_all() {
  std::vector<Held> held;
  {
    const std::lock_guard lock(held_mutex_);
    held.swap(held_);
    wakes_ = false;
  }
  const int64_t now_ns = host_.mono_ns();
  std::erase_if(held, [&](const Held& each) { return each.attempt(now_ns >= each.until_ns); });
  if (held.empty()) return;
  {
    const std::lock_guard lock(held_mutex_);
    if (!closed_ && (wakes_ || wake_later())) {
      held_.insert(held_.end(), std::make_move_iterator(held.begin()), std::make_move_iterator(held.end()));
      return;
    }
  }
  for (const Held& each : held) (void)each.attempt(true);
}

void HeldRequests::close() {
  std::vector<Held> held;
  {
    const std::lock_guard lock(held_mutex_);
    closed_ = true;
    held.swap(held_);
  }
  for (const Held& each : held) (void)each.attempt(true);
}

}  // namespace tarsier::net
