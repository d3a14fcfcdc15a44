#include "plugins/lib/discovery/rounds.hpp"

#include <utility>

namespace tarsier::discovery {

Result<void> Rounds::start(const Host& host, const std::string& name, int64_t interval_ns, std::function<void()> ask) {
  ask_ = std::move(ask);
  auto timer = every(host, {.name = name, .interval_ns = interval_ns, .flags = TARSIER_TIMER_SPREAD}, [this] { begin(); });
  if (!timer) return std::move(timer).error();
  timer_ = std::move(*timer);
  begin();
  return {};
}

void Rounds::stop() {
  timer_.reset();
  const std::lock_guard guard(lock_);
  stopped_ = true;
}

void Rounds::begin() {
  {
    const std::lock_guard guard(lock_);
    if (under_way_ || stopped_) return;
    under_way_ = true;
  }
  ask_();
}

}  // namespace tarsier::discovery
