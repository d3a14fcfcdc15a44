// Rounds: the times that a unit asks for its targets: at once, then at each interval, never twice at the same time.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <string>

#include "tarsier/scheduler.hpp"

namespace tarsier::discovery {

class Rounds {
 public:
  /// [ctl] `ask` is called with no lock held. It may be called until stop() has returned.
  Result<void> start(const Host& host, const std::string& name, int64_t interval_ns, std::function<void()> ask);
  /// [ctl] No answer is read afterwards.
  void stop();
  /// [any] An answer is here: `read` runs under the lock, one at a time, and says whether the round goes on with a further
  /// question. False when it does not, or the rounds have been stopped.
  template <class Read>
  bool take(Read&& read) {
    const std::lock_guard guard(lock_);
    if (stopped_) return false;
    under_way_ = read();
    return under_way_;
  }

 private:
  void begin();

  std::function<void()> ask_;
  Timer timer_;
  std::mutex lock_;  // guards what follows
  bool under_way_ = false;
  bool stopped_ = false;
};

}  // namespace tarsier::discovery
