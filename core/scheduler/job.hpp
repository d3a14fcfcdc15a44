// Job: one call into an instance, and Report: what the scheduler has to say about calls that went wrong.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "tarsier/abi/scheduler.h"

namespace tarsier::scheduler {

enum class Priority : uint8_t { high = 0, normal = 1, low = 2 };
inline constexpr size_t kPriorities = 3;
inline constexpr std::chrono::nanoseconds kDefaultDeadline = std::chrono::seconds(10);

Priority priority_of(tarsier_priority priority) noexcept;

enum class Outcome : uint8_t {
  ran,      ///< run() returned
  failed,   ///< run() threw; it was counted and reported
  skipped,  ///< the instance was closed first; run() was not and will not be called
};

struct Job {
  std::string name;  ///< for reports
  Priority priority = Priority::normal;
  std::chrono::nanoseconds deadline = kDefaultDeadline;
  std::function<void()> run;
  /// Called exactly once for an accepted job, after run() or instead of it, on the thread that ran or dropped it; may be empty.
  /// It belongs to the host: it must not block or throw. After `ran` and `failed` the Owner is still entered.
  std::function<void(Outcome)> done;
};

/// Something that an operator should read. The strings are valid during the call.
struct Report {
  enum class Kind : uint8_t {
    overrun,    ///< a job is still running after its deadline (said once a run); already counted in accounting().overruns
    failure,    ///< a job let an exception escape; already counted in accounting().failures
    slowed,     ///< a periodic job overran its interval, which is now `factor` times as long
    recovered,  ///< it kept within its interval three times; the interval is as configured again
    no_thread   ///< the system gave none for another worker (said once, until it does); of no instance
  };
  Kind kind;
  std::string_view instance;
  std::string_view job;
  std::chrono::nanoseconds limit{0};  ///< the deadline or the interval
  uint32_t factor = 1;
  std::string_view message;  ///< of the exception
};

/// Called on any thread without a lock held; must not block.
using ReportFunction = std::function<void(const Report&)>;

/// The report as one sentence: `node: job "collect" still runs after its deadline of 15 s`.
std::string describe(const Report& report);

}  // namespace tarsier::scheduler
