// CallGate: "after cancel returns the callback is not running and will not run, except from within itself", for one registration.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

namespace tarsier::scheduler {

/// Thread-safe. At most one call is within it at a time (the registration sees to that).
class CallGate {
 public:
  /// Within its life a call is running; `open()` tells whether it may begin at all.
  class Pass {
   public:
    explicit Pass(CallGate& gate);
    Pass(const Pass&) = delete;
    Pass& operator=(const Pass&) = delete;
    ~Pass();
    bool open() const noexcept { return open_; }

   private:
    CallGate& gate_;
    bool open_;
  };

  /// No call begins any more.
  void close();
  /// The same, and waits for the one that runs, unless that is the caller.
  void close_and_wait();
  bool closed() const;

 private:
  mutable std::mutex mutex_;
  std::condition_variable left_;
  bool closed_ = false;
  std::thread::id running_on_;  // of the call within; none: std::thread::id()
};

}  // namespace tarsier::scheduler
