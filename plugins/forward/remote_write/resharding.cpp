#include "plugins/forward/remote_write/resharding.hpp"

#include <algorithm>
#include <cmath>

namespace tarsier::forward {
namespace {
constexpr double kWeight = 0.2;        // of what is new in a rate
constexpr double kCatchUp = 0.05;      // of the backlog that is to go in a second
constexpr double kTolerance = 0.3;     // changes within it are not worth a drain
constexpr double kBehindSeconds = 10;  // with more than this waiting there are never less shards
}  // namespace

void Resharding::Rate::add(double now) noexcept {
  value = known ? kWeight * now + (1 - kWeight) * value : now;
  known = true;
}

uint64_t Resharding::desired(uint64_t shards, const Traffic& traffic, const SendingConfig& config) {
  const auto clamped = [&](double count) {
    return std::clamp(static_cast<uint64_t>(std::ceil(std::max(count, 0.0))), config.min_shards, config.max_shards);
  };
  const uint64_t now = clamped(static_cast<double>(shards));
  if (traffic.seconds <= 0) return now;
  in_.add(static_cast<double>(traffic.samples_in) / traffic.seconds);
  out_.add(static_cast<double>(traffic.samples_out) / traffic.seconds);
  sending_.add(traffic.seconds_sending / traffic.seconds);
  // More connections to a receiver that takes nothing are of no use.
  if (!traffic.sent_lately || out_.value <= 0) return now;
  const double seconds_each = sending_.value / out_.value;
  const auto pending = static_cast<double>(traffic.pending);
  wanted_ = seconds_each * (in_.value + kCatchUp * pending);
  const auto have = static_cast<double>(now);
  if (wanted_ >= have * (1 - kTolerance) && wanted_ <= have * (1 + kTolerance)) return now;
  const uint64_t wanted = clamped(wanted_);
  const bool behind = pending > in_.value * kBehindSeconds;
  return wanted < now && behind ? now : wanted;
}

}  // namespace tarsier::forward
