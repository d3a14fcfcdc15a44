// EventLoop: the thread of the Lifecycle. Functions come from any thread and run here one after the other; between them it sleeps
// until the next thing that is due.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>

namespace tarsier::host {

class EventLoop {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// [any] Dropped when the loop has ended for good.
  void post(std::function<void()> function) {
    {
      const std::lock_guard lock(queue_mutex_);
      if (closed_) return;
      queue_.push_back(std::move(function));
    }
    posted_.notify_one();
  }

  /// Runs what was posted; returns when `until` has passed, or after at least one function ran.
  void run_once(Time until) {
    std::unique_lock lock(queue_mutex_);
    const auto waiting = [this] { return !queue_.empty(); };
    if (until == Time::max()) {
      posted_.wait(lock, waiting);
    } else {
      posted_.wait_until(lock, until, waiting);
    }
    while (!queue_.empty()) {
      auto function = std::move(queue_.front());
      queue_.pop_front();
      lock.unlock();
      function();
      function = nullptr;
      lock.lock();
    }
  }

  /// Drops what waits, and what will be posted.
  void close() {
    std::deque<std::function<void()>> dropped;
    const std::lock_guard lock(queue_mutex_);
    closed_ = true;
    dropped.swap(queue_);
  }

 private:
  std::mutex queue_mutex_;
  std::condition_variable posted_;
  std::deque<std::function<void()>> queue_;
  bool closed_ = false;
};

}  // namespace tarsier::host
