// A timer: what is to run, when, and how its interval grows while its job overruns. The struct behind abi/scheduler.h's
// tarsier_timer.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>

#include "core/host/owner.hpp"
#include "core/scheduler/call_gate.hpp"
#include "core/scheduler/clock.hpp"
#include "core/scheduler/job.hpp"

namespace tarsier::scheduler {

class Timers;
inline constexpr uint32_t kMaxFactor = 8;
inline constexpr unsigned kGoodRunsToRecover = 3;

/// When a periodic timer fires. Pure arithmetic.
struct Rhythm {
  int64_t interval_ns = 0;  ///< 0: once
  int64_t offset_ns = 0;
  bool aligned = false;

  struct Tick {
    int64_t delay_ns;  ///< from now
    int64_t wall_ns;   ///< aligned only: the multiple that it stands for
    uint64_t missed;   ///< ticks that were passed over since `last_wall_ns`
  };
  Tick first(int64_t wall_ns) const noexcept;
  /// The tick after the one that stood for `last_wall_ns`, with the interval `factor` times as long.
  Tick next(int64_t wall_ns, int64_t last_wall_ns, uint32_t factor) const noexcept;
};

/// A stable offset within the interval for that instance and job.
int64_t spread_offset_ns(std::string_view instance, std::string_view job, int64_t interval_ns) noexcept;

}  // namespace tarsier::scheduler

struct tarsier_timer : std::enable_shared_from_this<tarsier_timer> {
  tarsier::scheduler::Timers* timers = nullptr;
  tarsier::host::Owner* owner = nullptr;
  tarsier::scheduler::Rhythm rhythm;
  std::string name;
  tarsier::scheduler::Priority priority = tarsier::scheduler::Priority::normal;
  std::chrono::nanoseconds deadline{0};
  void* user = nullptr;
  void (*run)(void* user) = nullptr;
  void (*drop)(void* user) = nullptr;
  bool has_handle = true;

  tarsier::scheduler::CallGate gate;
  std::atomic<uint32_t> factor{1};
  std::atomic<bool> in_pool{false};  // submitted and not finished: further ticks are skipped
  std::atomic<uint64_t> missed{0};
  unsigned good_runs = 0;  // only touched by the running job

  // Guarded by Timers' mutex.
  bool armed = false;
  int64_t due_ns = 0;
  uint64_t sequence = 0;
  int64_t tick_wall_ns = 0;
};
