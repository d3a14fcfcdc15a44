// HeldRequests: requests whose handler is being replaced. They wait here, without a thread, and are tried again until they can be
// served, or until their time is over.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <vector>

#include "tarsier/host.hpp"

namespace tarsier::net {

/// Thread-safe.
class HeldRequests {
 public:
  /// True when the request is taken care of. With `last` it must be.
  using Attempt = std::function<bool(bool last)>;
  /// How long a request is held.
  static constexpr int64_t kLimitNs = 10'000'000'000;

  explicit HeldRequests(const Host& host) : host_(host) {}
  HeldRequests(const HeldRequests&) = delete;
  HeldRequests& operator=(const HeldRequests&) = delete;

  /// What add() takes for a request that comes now.
  int64_t deadline_ns() const { return host_.mono_ns() + kLimitNs; }
  /// [net, work] Tries soon, and again; at `until_ns` (monotonic) a last time.
  void add(int64_t until_ns, Attempt attempt);
  /// [ctl] Nothing waits any more: what is held has its last attempt now, and what comes later has it at once.
  void close();

 private:
  struct Held {
    int64_t until_ns;
    Attempt attempt;
  };
  /// With the lock held; false when the host runs nothing for net any more.
  bool wake_later();
  void try_all();

  const Host& host_;
  std::mutex held_mutex_;
  std::vector<Held> held_;
  bool wakes_ = false;  // a timer is set
  bool closed_ = false;
};

}  // namespace tarsier::net
