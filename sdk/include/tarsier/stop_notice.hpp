// tarsier/stop_notice.hpp - to learn that the host stops this instance, before stop() is called.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string_view>
#include <utility>

#include "scheduler.hpp"

namespace tarsier {

/// The host takes back what an instance has registered, waits for the calls into it that run, and only then calls stop(). What runs
/// for long, or keeps the answer to a client open, has to end by itself while the host waits: this says when.
///
///   auto notice = StopNotice::ask(host(), "samples stop", [this] { store_->cancel_merge(); });
///
/// The closure is called once at most, [any], and must not block; nor may it destroy its notice. Each start() asks anew.
class StopNotice {
 public:
  StopNotice() = default;
  /// [any] `name` is for reports. UNAVAILABLE: the instance is being stopped already.
  static Result<StopNotice> ask(const Host& host, std::string_view name, std::function<void()> closure) {
    auto listener = std::make_shared<Listener>();
    listener->closure = std::move(closure);
    auto held = std::make_unique<Shared>(listener);
    // A job that is never due: the host drops it when the instance stops, before it waits for what runs.
    const tarsier_job job = detail::job(name, TARSIER_PRIORITY_NORMAL, 0, held.get(), forget, tell);
    tarsier_error error = empty_error();
    if (const tarsier_status status = host.scheduler->after(host.raw(), kNeverNs, &job, nullptr, &error); status != TARSIER_OK)
      return Error::from_c(status, error);
    (void)held.release();
    return StopNotice(std::move(listener));
  }
  StopNotice(StopNotice&& other) noexcept = default;
  StopNotice& operator=(StopNotice&& other) noexcept {
    std::swap(listener_, other.listener_);
    return *this;
  }
  ~StopNotice() { reset(); }

  /// The closure is not running afterwards, and will not run.
  void reset() {
    if (listener_ == nullptr) return;
    const Shared listener = std::exchange(listener_, nullptr);
    const std::lock_guard lock(listener->mutex);
    listener->closure = nullptr;
  }
  explicit operator bool() const noexcept { return listener_ != nullptr; }

 private:
  static constexpr int64_t kNeverNs = int64_t{100} * 365 * 24 * 3600 * 1'000'000'000;

  struct Listener {
    std::mutex mutex;  // held during the call
    std::function<void()> closure;
  };
  using Shared = std::shared_ptr<Listener>;  // one half is the notice's, the other the job's

  explicit StopNotice(Shared listener) noexcept : listener_(std::move(listener)) {}

  static void forget(void* user) { delete static_cast<Shared*>(user); }
  static void tell(void* user) {
    const std::unique_ptr<Shared> held(static_cast<Shared*>(user));
    const std::lock_guard lock((*held)->mutex);
    if ((*held)->closure) (*held)->closure();
  }

  Shared listener_;
};

}  // namespace tarsier
