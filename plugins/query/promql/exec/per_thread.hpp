// PerThread: something that each of several threads has for itself, such as room to work in, for as long as the whole lives.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <thread>

namespace tarsier::promql {

template <class T>
class PerThread {
 public:
  /// [any] The calling thread's; `make()` makes one that it has not yet.
  template <class Make>
  T& mine(Make&& make) {
    // Usually asked for again and again by one thread, so the lock is seldom needed.
    struct Last {
      uint64_t whole;
      T* mine;
    };
    thread_local Last last{};
    if (last.whole == number_) return *last.mine;
    const std::lock_guard lock(mutex_);
    auto known = all_.find(std::this_thread::get_id());
    if (known == all_.end()) known = all_.emplace(std::this_thread::get_id(), make()).first;
    last = {number_, &known->second};
    return known->second;
  }

 private:
  static uint64_t next_number() noexcept {
    static std::atomic<uint64_t> last{0};
    return ++last;
  }

  const uint64_t number_ = next_number();  // of all there ever are
  std::mutex mutex_;
  std::map<std::thread::id, T> all_;
};

}  // namespace tarsier::promql
