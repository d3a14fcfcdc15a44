// House: the one libuv thread. It owns the loop, and only it touches handles; others hand it functions to run.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "core/scheduler/timers.hpp"
#include "tarsier/result.hpp"

struct uv_loop_s;
struct uv_async_s;
struct uv_timer_s;
struct uv_signal_s;

namespace tarsier::scheduler {

/// post() and call() are thread-safe; the rest belongs to the house thread, where said.
class House {
 public:
  House();
  House(const House&) = delete;
  House& operator=(const House&) = delete;
  /// stop() must have been called.
  ~House();

  /// Runs the function on the house thread, soon. After stop() it is dropped.
  void post(std::function<void()> function);
  /// The same, and waits until it has returned. Runs it at once on the house thread itself. False after stop().
  bool call(const std::function<void()>& function);
  /// Closes the house's own handles, and returns when the loop has ended: whoever else has handles must have closed them, or be
  /// about to.
  void stop();

  /// Wakes up for the timers of `timers` from now on.
  void serve(Timers& timers, Clock& clock);
  /// Looks again at when the next timer is due. Any thread.
  void timers_changed();

  Result<void> on_signal(int signal_number, std::function<void()> call);

  /// House thread only.
  uv_loop_s* loop() const noexcept { return loop_.get(); }

 private:
  struct Signal;
  void run();
  void run_posted();
  void arm_timer();
  void close_handles();
  Result<void> set_signal(int signal_number, std::function<void()> call);

  std::unique_ptr<uv_loop_s> loop_;
  std::unique_ptr<uv_async_s> wake_;
  std::unique_ptr<uv_timer_s> timer_;
  std::map<int, std::unique_ptr<Signal>> signals_;
  Timers* timers_ = nullptr;
  Clock* clock_ = nullptr;

  std::mutex posted_mutex_;
  std::vector<std::function<void()>> posted_;
  bool stopped_ = false;
  std::thread thread_;
};

/// The name and text of a libuv error.
std::string uv_text(int code);

}  // namespace tarsier::scheduler
