// Resharding: how many shards an endpoint should have, from what comes, what goes and what waits. As Prometheus reckons it.
#pragma once

#include <cstdint>

#include "plugins/forward/remote_write/settings.hpp"

namespace tarsier::forward {

/// Since the one before.
struct Traffic {
  double seconds = 0;
  uint64_t samples_in = 0;     // that came into the queue
  uint64_t samples_out = 0;    // that were sent
  double seconds_sending = 0;  // over all shards
  uint64_t pending = 0;        // samples that wait now
  bool sent_lately = false;    // a request has succeeded within the interval
};

class Resharding {
 public:
  /// How many there should be, where there are `shards`: the same number when that is good enough.
  uint64_t desired(uint64_t shards, const Traffic& traffic, const SendingConfig& config);
  /// As it was reckoned last, before it was made a number of shards.
  double wanted() const noexcept { return wanted_; }

 private:
  /// A rate that forgets.
  struct Rate {
    double value = 0;
    bool known = false;
    void add(double now) noexcept;
  };
  Rate in_, out_, sending_;
  double wanted_ = 0;
};

}  // namespace tarsier::forward
