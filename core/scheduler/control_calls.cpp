#include "core/scheduler/control_calls.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include "core/scheduler/thread_cpu.hpp"

namespace tarsier::scheduler {

struct ControlCalls::Call {
  std::mutex mutex;
  std::condition_variable changed;
  bool running = false;  // the instance's function, on `thread`
  int64_t begin_ns = 0;  // in the thread's CPU time, while it runs
  bool finished = false;
  std::thread thread;

  void begin() {
    const std::lock_guard lock(mutex);
    running = true;
    begin_ns = thread_cpu_ns();
  }
  /// Together, so that nothing is counted twice.
  void settle(host::Owner& owner) {
    const std::lock_guard lock(mutex);
    running = false;
    owner.accounting().cpu_ns.fetch_add(thread_cpu_ns() - begin_ns, std::memory_order_relaxed);
  }
  int64_t running_ns() {
    const std::lock_guard lock(mutex);
    return running ? std::max<int64_t>(thread_cpu_ns(thread.native_handle()) - begin_ns, 0) : 0;
  }

  bool wait_until(std::chrono::steady_clock::time_point until) {
    std::unique_lock lock(mutex);
    return changed.wait_until(lock, until, [this] { return finished; });
  }
};

namespace {

void run_guarded(host::Owner& owner, const std::function<void()>& call, const ReportFunction& report) {
  std::string failure;
  try {
    call();
  } catch (const std::exception& exception) {
    failure = exception.what();
  } catch (...) {
    failure = "not a std::exception";
  }
  owner.accounting().calls.fetch_add(1, std::memory_order_relaxed);
  if (failure.empty()) return;
  owner.accounting().failures.fetch_add(1, std::memory_order_relaxed);
  if (report) report({Report::Kind::failure, owner.instance(), "control", {}, 1, failure});
}

}  // namespace

ControlCalls::~ControlCalls() {
  const std::lock_guard lock(calls_mutex_);
  for (auto& [owner, call] : calls_) {
    // Joining a call that hangs would hang the end of the process with it.
    if (call->wait_until(std::chrono::steady_clock::now())) {
      call->thread.join();
    } else {
      call->thread.detach();
    }
  }
}

std::shared_ptr<ControlCalls::Call> ControlCalls::start(host::Owner& owner, std::function<void()> function) {
  auto call = std::make_shared<Call>();
  call->thread = std::thread([call, &owner, function = std::move(function), report = report_]() mutable {
    name_thread("control");
    call->begin();
    run_guarded(owner, function, report);
    call->settle(owner);
    function = nullptr;
    const std::lock_guard lock(call->mutex);
    call->finished = true;
    call->changed.notify_all();
  });
  return call;
}

ControlOutcome ControlCalls::run(host::Owner& owner, std::function<void()> function, std::chrono::nanoseconds deadline) {
  const auto until = std::chrono::steady_clock::now() + deadline;
  std::shared_ptr<Call> call;
  while (call == nullptr) {
    std::shared_ptr<Call> before;
    {
      const std::lock_guard lock(calls_mutex_);
      if (const auto found = calls_.find(&owner); found != calls_.end()) before = found->second;
      // NOLINTNEXTLINE(bugprone-use-after-move): once there is a call the loop ends
      if (before == nullptr) call = calls_[&owner] = start(owner, std::move(function));
    }
    if (before == nullptr) break;
    if (!before->wait_until(until)) return ControlOutcome::busy;
    const std::lock_guard lock(calls_mutex_);
    if (const auto found = calls_.find(&owner); found != calls_.end() && found->second == before) {
      before->thread.join();
      calls_.erase(found);
    }
  }
  if (!call->wait_until(until)) return ControlOutcome::deadline;
  const std::lock_guard lock(calls_mutex_);
  if (const auto found = calls_.find(&owner); found != calls_.end() && found->second == call) {
    call->thread.join();
    calls_.erase(found);
  }
  return ControlOutcome::completed;
}

int64_t ControlCalls::running_cpu_ns(const host::Owner& owner) {
  const std::lock_guard lock(calls_mutex_);
  const auto found = calls_.find(&owner);
  return found != calls_.end() ? found->second->running_ns() : 0;
}

}  // namespace tarsier::scheduler
