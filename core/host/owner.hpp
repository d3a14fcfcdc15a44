// Owner: what the rooms of the core know of a plugin instance: its name, whether calls into it may begin, and what it has cost.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <utility>

#include "core/host/latency_histogram.hpp"

namespace tarsier::host {

/// Counts of one instance, added to by every room and shown on /metrics and on the plugins page. All lock-free.
struct Accounting {
  std::atomic<int64_t> cpu_ns{0};        ///< of calls that have returned; Scheduler::cpu_ns() has the rest
  std::atomic<int64_t> shown_cpu_ns{0};  ///< what Scheduler::cpu_ns() answered last
  std::atomic<uint64_t> calls{0};
  std::atomic<uint64_t> failures{0};
  std::atomic<uint64_t> overruns{0};
  std::atomic<uint64_t> dropped_batches{0};
  std::atomic<uint64_t> malformed_batches{0};
  std::atomic<uint64_t> queue_length{0};
  std::atomic<uint32_t> interval_factor{1};
  std::atomic<uint32_t> threads{0};  ///< that its life-cycle calls started and that have not ended
  LatencyHistogram call_time;        ///< of jobs on the worker pool, from begin to end
};

/// Thread-safe. Lives from before the instance is created until after it is destroyed.
class Owner {
 public:
  Owner(std::string instance, std::string plugin, bool parallel)
      : instance_(std::move(instance)), plugin_(std::move(plugin)), parallel_(parallel) {}
  Owner(const Owner&) = delete;
  Owner& operator=(const Owner&) = delete;

  const std::string& instance() const noexcept { return instance_; }
  const std::string& plugin() const noexcept { return plugin_; }
  /// True when [work] calls may run at the same time.
  bool parallel() const noexcept { return parallel_; }
  Accounting& accounting() noexcept { return accounting_; }
  const Accounting& accounting() const noexcept { return accounting_; }

  /// Begins a call into the instance; false once it is closed. Each true is followed by one leave().
  bool enter() noexcept;
  void leave() noexcept;
  /// No new calls begin. open() undoes it (a restart).
  void close() noexcept;
  void open() noexcept;
  bool closed() const noexcept { return (state_.load(std::memory_order_acquire) & kClosed) != 0; }
  uint64_t in_flight() const noexcept { return state_.load(std::memory_order_acquire) & ~kClosed; }
  /// Waits until no call is in flight; false when `timeout` passes first. Call close() before it.
  bool drain(std::chrono::nanoseconds timeout);

 private:
  static constexpr uint64_t kClosed = uint64_t{1} << 63;

  const std::string instance_;
  const std::string plugin_;
  const bool parallel_;
  Accounting accounting_;
  std::atomic<uint64_t> state_{0};  // kClosed | calls in flight
  std::mutex drained_mutex_;
  std::condition_variable drained_;
};

}  // namespace tarsier::host
