// WorkQueue: the library's tasks on the host's workers. It keeps the tasks itself and only posts "run one of them", so that none is
// lost when the host lets go of net's jobs on the way down: then a thread of its own runs what is left.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "plugins/lib/http/runtime.hpp"
#include "tarsier/host.hpp"

namespace tarsier::net {

class WorkQueue final : public Executor {
 public:
  explicit WorkQueue(const Host& host) : host_(host) {}
  ~WorkQueue() override;
  WorkQueue(const WorkQueue&) = delete;
  WorkQueue& operator=(const WorkQueue&) = delete;

  bool post(Need need, std::function<void()> task) override;
  /// [ctl] From here on the host's workers are not used.
  void use_own_thread();

 private:
  static constexpr size_t kMaxWaiting = 10000;  // refusable tasks are refused beyond

  void run_one();
  void run_own();

  const Host& host_;
  std::mutex tasks_mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> tasks_;
  bool own_ = false;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace tarsier::net
