// Shared by the scheduler's tests: a latch to wait on, a job from a closure, and a temporary directory.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <functional>
#include <gtest/gtest.h>
#include <mutex>
#include <stdlib.h>
#include <string>
#include <thread>

#include "core/host/owner.hpp"
#include "core/scheduler/scheduler.hpp"

namespace tarsier::scheduler {

inline constexpr int64_t kSecond = 1'000'000'000;

/// A counter that can be waited on.
class Signal {
 public:
  void raise() {
    const std::lock_guard lock(mutex_);
    ++count_;
    changed_.notify_all();
  }
  void wait(unsigned count = 1) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return count_ >= count; });
  }
  unsigned count() const {
    const std::lock_guard lock(mutex_);
    return count_;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  unsigned count_ = 0;
};

/// A C job that calls a closure of the test.
inline tarsier_job c_job(std::string_view name, std::function<void()>& function, int64_t deadline_ns = 0) {
  return {sizeof(tarsier_job),
          TARSIER_PRIORITY_NORMAL,
          deadline_ns,
          str(name),
          &function,
          [](void* user) { (*static_cast<std::function<void()>*>(user))(); },
          nullptr};
}

inline tarsier_timer_spec c_timer(std::string_view name, int64_t interval_ns, std::function<void()>& function, uint32_t flags = 0) {
  return {sizeof(tarsier_timer_spec), flags, interval_ns, 0, c_job(name, function)};
}

inline Job job_of(std::function<void()> run, Priority priority = Priority::normal) {
  Job job;
  job.name = "test";
  job.priority = priority;
  job.run = std::move(run);
  return job;
}

inline constexpr int64_t kSpun = 5'000'000;  // ns of CPU time, more than a call costs without spinning

inline void spin_until(const std::atomic<bool>& stop) {
  while (!stop.load(std::memory_order_relaxed)) {
  }
}

/// Waits for a condition that comes by itself.
template <class Condition>
bool eventually(Condition condition) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "tarsier-test-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) bug("mkdtemp");
    path_ = pattern;
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
  std::string operator/(std::string_view name) const { return (path_ / name).string(); }
  std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

inline void write_file(const std::string& path, std::string_view text) { std::ofstream(path) << text; }

}  // namespace tarsier::scheduler
