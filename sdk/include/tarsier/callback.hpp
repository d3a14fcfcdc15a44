// tarsier/callback.hpp - a std::function that C code calls through a user pointer, and that may be let go from within its own call.
#pragma once

#include <atomic>
#include <functional>
#include <thread>
#include <utility>

namespace tarsier {

/// One closure for one registration. The owner of the registration calls retire() after the C side promised that no new call will
/// begin: the closure is freed at once, or, from within its own call, when that call returns.
template <class... Args>
class Callback {
 public:
  static Callback* make(std::function<void(Args...)> function) { return new Callback(std::move(function)); }

  void operator()(Args... args) noexcept {
    running_on_.store(std::this_thread::get_id(), std::memory_order_relaxed);
    function_(std::forward<Args>(args)...);
    running_on_.store(std::thread::id(), std::memory_order_relaxed);
    if (retired_) delete this;
  }

  void retire() noexcept {
    if (running_on_.load(std::memory_order_relaxed) == std::this_thread::get_id()) {
      retired_ = true;
    } else {
      delete this;
    }
  }

 private:
  explicit Callback(std::function<void(Args...)> function) : function_(std::move(function)) {}
  ~Callback() = default;
  std::function<void(Args...)> function_;
  std::atomic<std::thread::id> running_on_{};
  bool retired_ = false;  // only touched by the thread that runs the call
};

}  // namespace tarsier
