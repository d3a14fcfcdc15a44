#include "core/scheduler/timer.hpp"

#include <xxhash.h>

namespace tarsier::scheduler {

namespace {

/// The least t > after with t = offset (mod interval).
int64_t grid_after(int64_t after, int64_t interval, int64_t offset) noexcept {
  int64_t phase = (after - offset) % interval;
  if (phase < 0) phase += interval;
  return after - phase + interval;
}

}  // namespace

Rhythm::Tick Rhythm::first(int64_t wall_ns) const noexcept {
  if (!aligned) return {interval_ns + offset_ns, 0, 0};
  const int64_t tick = grid_after(wall_ns, interval_ns, offset_ns);
  return {tick - wall_ns, tick, 0};
}

Rhythm::Tick Rhythm::next(int64_t wall_ns, int64_t last_wall_ns, uint32_t factor) const noexcept {
  const int64_t interval = interval_ns * static_cast<int64_t>(factor);
  if (!aligned) return {interval, 0, 0};
  // The machine's timers may fire a little before the wall clock reaches the tick: the same tick must not come twice. A clock that
  // was set back by more than an interval begins anew.
  const bool set_back = last_wall_ns - wall_ns > interval;
  const int64_t after = set_back ? wall_ns : std::max(wall_ns, last_wall_ns);
  const int64_t tick = grid_after(after, interval, offset_ns % interval);
  const int64_t passed = set_back ? 0 : (tick - last_wall_ns) / interval - 1;
  return {tick - wall_ns, tick, passed > 0 ? static_cast<uint64_t>(passed) : 0};
}

int64_t spread_offset_ns(std::string_view instance, std::string_view job, int64_t interval_ns) noexcept {
  const XXH64_hash_t hash = XXH64(job.data(), job.size(), XXH64(instance.data(), instance.size(), 0));
  return static_cast<int64_t>(hash % static_cast<uint64_t>(interval_ns));
}

}  // namespace tarsier::scheduler
