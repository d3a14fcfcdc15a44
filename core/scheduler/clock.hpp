// Clock: where the host's time comes from. SystemClock is the machine's; VirtualClock stands still until a test moves it, and then
// fires the timers that fall due on the way, one instant after the other.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

namespace tarsier::scheduler {

/// Something with timers on a clock: the scheduler. Used by VirtualClock to drive it.
class TimerSource {
 public:
  virtual ~TimerSource() = default;
  /// Monotonic time of the earliest timer; INT64_MAX: none.
  virtual int64_t next_due_ns() = 0;
  /// Starts everything that is due at `now_ns`.
  virtual void fire(int64_t now_ns) = 0;
  /// Waits until all that was started has finished.
  virtual void settle() = 0;
};

/// Thread-safe. Outlives the rooms that use it.
class Clock {
 public:
  virtual ~Clock() = default;
  /// Nanoseconds since 1970-01-01T00:00:00Z; may jump.
  virtual int64_t wall_ns() const noexcept = 0;
  /// Nanoseconds from an arbitrary start; never goes backward.
  virtual int64_t mono_ns() const noexcept = 0;
  /// True when the clock takes over the firing of the timers of `source`; false: it passes by itself, and the source waits on its
  /// own.
  virtual bool drives(TimerSource& source) = 0;
  virtual void release(TimerSource& source) = 0;
};

class SystemClock final : public Clock {
 public:
  int64_t wall_ns() const noexcept override;
  int64_t mono_ns() const noexcept override;
  bool drives(TimerSource&) override { return false; }
  void release(TimerSource&) override {}
};

/// For tests. Time moves only by advance() and pass().
class VirtualClock final : public Clock {
 public:
  explicit VirtualClock(int64_t wall_ns = 1'700'000'000'000'000'000);

  int64_t wall_ns() const noexcept override;
  int64_t mono_ns() const noexcept override;
  bool drives(TimerSource& source) override;
  void release(TimerSource& source) override;

  /// Moves time forward, stopping at each instant at which timers are due; returns when all jobs started by them have finished.
  /// From the test's thread only, never from within a job.
  void advance(int64_t ns);
  /// Lets time pass without firing anything: how a job in a test "takes" long.
  void pass(int64_t ns);
  /// Waits until all started jobs have finished; no time passes.
  void settle();
  /// Steps the wall clock, as an administrator or NTP would.
  void jump_wall(int64_t ns);

 private:
  std::vector<TimerSource*> sources() const;
  int64_t next_due_ns() const;

  mutable std::mutex time_mutex_;
  int64_t mono_ns_ = 1'000'000'000;
  int64_t wall_offset_ns_;
  mutable std::mutex sources_mutex_;
  std::vector<TimerSource*> sources_;
};

}  // namespace tarsier::scheduler
