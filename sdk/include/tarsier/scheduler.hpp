// tarsier/scheduler.hpp - timers, jobs, watches and child processes (abi/scheduler.h) with closures. Handles cancel when destroyed.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "callback.hpp"
#include "host.hpp"

namespace tarsier {

/// A registration with the host that ends when the handle is destroyed; afterwards its closure is not running and will not run.
template <class Raw, class... Args>
class Registration {
 public:
  using Function = Callback<Args...>;
  Registration() = default;
  Registration(void (*end)(Raw*), Raw* raw, Function* function) : end_(end), raw_(raw), function_(function) {}
  Registration(Registration&& other) noexcept { *this = std::move(other); }
  Registration& operator=(Registration&& other) noexcept {
    std::swap(end_, other.end_);
    std::swap(raw_, other.raw_);
    std::swap(function_, other.function_);
    return *this;
  }
  ~Registration() { reset(); }
  void reset() {
    if (raw_ == nullptr) return;
    end_(std::exchange(raw_, nullptr));
    std::exchange(function_, nullptr)->retire();
  }
  explicit operator bool() const noexcept { return raw_ != nullptr; }

 private:
  void (*end_)(Raw*) = nullptr;
  Raw* raw_ = nullptr;
  Function* function_ = nullptr;
};

using Timer = Registration<tarsier_timer>;
using Watch = Registration<tarsier_watch, std::string_view, uint32_t>;

struct Every {
  std::string_view name;  ///< for reports: "scrape node/127.0.0.1:9100"
  int64_t interval_ns;
  uint32_t flags = TARSIER_TIMER_ALIGNED;
  int64_t offset_ns = 0;
  int64_t deadline_ns = 0;  ///< 0: the interval
  tarsier_priority priority = TARSIER_PRIORITY_NORMAL;
};

namespace detail {
inline void run_job(void* user) { (*static_cast<Callback<>*>(user))(); }
inline void run_job_once(void* user) {
  auto* once = static_cast<Callback<>*>(user);
  (*once)();
  once->retire();
}
inline void run_watch(void* user, tarsier_str path, uint32_t events) {
  (*static_cast<Callback<std::string_view, uint32_t>*>(user))(view(path), events);
}
inline void drop_job(void* user) { static_cast<Callback<>*>(user)->retire(); }
inline tarsier_job job(std::string_view name, tarsier_priority priority, int64_t deadline_ns, void* user, void (*run)(void*),
                       void (*drop)(void*) = nullptr) {
  return {sizeof(tarsier_job), priority, deadline_ns, str(name), user, run, drop};
}
}  // namespace detail

/// [ctl, work] Calls `function` each interval as [work].
inline Result<Timer> every(const Host& host, const Every& options, std::function<void()> function) {
  auto* closure = Callback<>::make(std::move(function));
  tarsier_timer_spec spec{};
  spec.size = sizeof(spec);
  spec.flags = options.flags;
  spec.interval_ns = options.interval_ns;
  spec.offset_ns = options.offset_ns;
  spec.job = detail::job(options.name, options.priority, options.deadline_ns, closure, detail::run_job);
  tarsier_timer* raw = nullptr;
  tarsier_error error = empty_error();
  if (const tarsier_status status = host.scheduler->every(host.raw(), &spec, &raw, &error); status != TARSIER_OK) {
    closure->retire();
    return Error::from_c(status, error);
  }
  return Timer(host.scheduler->cancel, raw, closure);
}

/// [any] Calls `function` once, as [work], unless the handle is destroyed before.
inline Result<Timer> after(const Host& host, std::string_view name, int64_t delay_ns, std::function<void()> function) {
  auto* closure = Callback<>::make(std::move(function));
  const tarsier_job job = detail::job(name, TARSIER_PRIORITY_NORMAL, 0, closure, detail::run_job);
  tarsier_timer* raw = nullptr;
  tarsier_error error = empty_error();
  if (const tarsier_status status = host.scheduler->after(host.raw(), delay_ns, &job, &raw, &error); status != TARSIER_OK) {
    closure->retire();
    return Error::from_c(status, error);
  }
  return Timer(host.scheduler->cancel, raw, closure);
}

struct Post {
  std::string_view name;
  tarsier_priority priority = TARSIER_PRIORITY_NORMAL;
  int64_t deadline_ns = 0;  ///< 0: 10 s
};

/// [any] Calls `function` soon, once, as [work]. AGAIN when too many jobs of this instance wait. What the closure holds must live
/// as long as the instance: when the instance stops first, the closure is freed without a call.
inline Result<void> post(const Host& host, const Post& options, std::function<void()> function) {
  auto* closure = Callback<>::make(std::move(function));
  const tarsier_job job =
      detail::job(options.name, options.priority, options.deadline_ns, closure, detail::run_job_once, detail::drop_job);
  tarsier_error error = empty_error();
  const tarsier_status status = host.scheduler->post(host.raw(), &job, &error);
  if (status != TARSIER_OK) closure->retire();
  return Result<void>::from_c(status, error);
}

/// [ctl, work] Calls function(i) for each i below `count`, in parallel; returns when all have returned.
inline void parallel_for(const Host& host, uint64_t count, const std::function<void(uint64_t)>& function) {
  host.scheduler->parallel_for(
      host.raw(), count, const_cast<std::function<void(uint64_t)>*>(&function),
      [](void* user, uint64_t index) { (*static_cast<const std::function<void(uint64_t)>*>(user))(index); });
}

/// [ctl, work] Calls on_event(path, TARSIER_WATCH_*) as [work] when the file, or an entry of the directory, changes.
inline Result<Watch> watch(const Host& host, std::string_view path, std::function<void(std::string_view, uint32_t)> on_event) {
  auto* closure = Callback<std::string_view, uint32_t>::make(std::move(on_event));
  tarsier_watch* raw = nullptr;
  tarsier_error error = empty_error();
  if (const tarsier_status status = host.scheduler->watch(host.raw(), str(path), closure, detail::run_watch, &raw, &error);
      status != TARSIER_OK) {
    closure->retire();
    return Error::from_c(status, error);
  }
  return Watch(host.scheduler->unwatch, raw, closure);
}

}  // namespace tarsier
