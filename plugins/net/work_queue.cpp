// WorkQueue over tarsier.scheduler/1.
#include "plugins/net/work_queue.hpp"

#include <pthread.h>
#include <signal.h>
#include <utility>

namespace tarsier::net {

namespace {
constexpr int64_t kRetryAfterNs = 10'000'000;
constexpr int64_t kJobDeadlineNs = 150'000'000'000;  // above every handler's own time limit by default
}  // namespace

WorkQueue::~WorkQueue() {
  use_own_thread();
  {
    const std::lock_guard lock(tasks_mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

bool WorkQueue::post(Need need, std::function<void()> task) {
  std::unique_lock lock(tasks_mutex_);
  if (need == Need::refusable && tasks_.size() >= kMaxWaiting) return false;
  tasks_.push_back(std::move(task));
  if (own_) {
    changed_.notify_one();
    return true;
  }
  tarsier_job job{};
  job.size = sizeof(job);
  job.priority = TARSIER_PRIORITY_NORMAL;
  job.deadline_ns = kJobDeadlineNs;
  job.name = str("http");
  job.user = this;
  job.run = [](void* self) { static_cast<WorkQueue*>(self)->run_one(); };
  if (host_.scheduler->post(host_.raw(), &job, nullptr) == TARSIER_OK) return true;
  if (need == Need::refusable) {
    tasks_.pop_back();
    return false;
  }
  // It stays in the queue: one of the jobs to come takes it, at the latest this one. When net is stopping, its own thread does.
  (void)host_.scheduler->after(host_.raw(), kRetryAfterNs, &job, nullptr, nullptr);
  return true;
}

void WorkQueue::run_one() {
  std::unique_lock lock(tasks_mutex_);
  if (own_ || tasks_.empty()) return;
  const auto task = std::move(tasks_.front());
  tasks_.pop_front();
  lock.unlock();
  task();
}

void WorkQueue::use_own_thread() {
  const std::lock_guard lock(tasks_mutex_);
  if (std::exchange(own_, true)) return;
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([this] { run_own(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void WorkQueue::run_own() {
  std::unique_lock lock(tasks_mutex_);
  while (true) {
    changed_.wait(lock, [&] { return ending_ || !tasks_.empty(); });
    if (tasks_.empty()) return;
    {
      const auto task = std::move(tasks_.front());
      tasks_.pop_front();
      lock.unlock();
      task();
    }
    lock.lock();
  }
}

}  // namespace tarsier::net
