#include "core/scheduler/house.hpp"

#include <condition_variable>
#include <utility>
#include <uv.h>

#include "core/scheduler/thread_cpu.hpp"

namespace tarsier::scheduler {

struct House::Signal {
  uv_signal_t handle{};
  std::function<void()> call;
};

std::string uv_text(int code) { return std::string(uv_err_name(code)) + " (" + uv_strerror(code) + ")"; }

House::House()
    : loop_(std::make_unique<uv_loop_t>()), wake_(std::make_unique<uv_async_t>()), timer_(std::make_unique<uv_timer_t>()) {
  if (uv_loop_init(loop_.get()) != 0) bug("uv_loop_init failed: no file descriptors left at start");
  loop_->data = this;
  const auto woken = [](uv_async_t* handle) { static_cast<House*>(handle->loop->data)->run_posted(); };
  if (uv_async_init(loop_.get(), wake_.get(), woken) != 0) bug("uv_async_init failed: no file descriptors left at start");
  uv_timer_init(loop_.get(), timer_.get());
  thread_ = std::thread([this] { run(); });
}

House::~House() = default;

void House::run() {
  name_thread("house");
  uv_run(loop_.get(), UV_RUN_DEFAULT);
  uv_loop_close(loop_.get());
}

void House::post(std::function<void()> function) {
  const std::lock_guard lock(posted_mutex_);
  if (stopped_) return;
  posted_.push_back(std::move(function));
  if (posted_.size() == 1) uv_async_send(wake_.get());
}

bool House::call(const std::function<void()>& function) {
  if (std::this_thread::get_id() == thread_.get_id()) {
    function();
    return true;
  }
  struct Wait {
    std::mutex mutex;
    std::condition_variable changed;
    bool done = false;
  } wait;
  {
    const std::lock_guard lock(posted_mutex_);
    if (stopped_) return false;
    posted_.emplace_back([&function, &wait] {
      function();
      const std::lock_guard done_lock(wait.mutex);
      wait.done = true;
      wait.changed.notify_all();
    });
    if (posted_.size() == 1) uv_async_send(wake_.get());
  }
  std::unique_lock lock(wait.mutex);
  wait.changed.wait(lock, [&wait] { return wait.done; });
  return true;
}

void House::run_posted() {
  std::vector<std::function<void()>> functions;
  {
    const std::lock_guard lock(posted_mutex_);
    functions.swap(posted_);
  }
  for (auto& function : functions) function();
}

void House::stop() {
  {
    const std::lock_guard lock(posted_mutex_);
    if (stopped_) return;
    posted_.emplace_back([this] { close_handles(); });
    stopped_ = true;
    uv_async_send(wake_.get());
  }
  thread_.join();
}

void House::close_handles() {
  uv_close(reinterpret_cast<uv_handle_t*>(wake_.get()), nullptr);
  uv_close(reinterpret_cast<uv_handle_t*>(timer_.get()), nullptr);
  for (auto& [number, signal] : signals_) uv_close(reinterpret_cast<uv_handle_t*>(&signal->handle), nullptr);
}

void House::serve(Timers& timers, Clock& clock) {
  call([this, &timers, &clock] {
    timers_ = &timers;
    clock_ = &clock;
    arm_timer();
  });
}

void House::timers_changed() {
  post([this] { arm_timer(); });
}

void House::arm_timer() {
  if (timers_ == nullptr || uv_is_closing(reinterpret_cast<uv_handle_t*>(timer_.get())) != 0) return;
  const int64_t due_ns = timers_->next_due_ns();
  if (due_ns == INT64_MAX) {
    uv_timer_stop(timer_.get());
    return;
  }
  // The loop counts in whole milliseconds from a rounded-down start: one more, so that it is not woken too early and once again.
  const int64_t wait_ns = std::max<int64_t>(due_ns - clock_->mono_ns(), 0);
  const auto wait_ms = static_cast<uint64_t>((wait_ns + 999'999) / 1'000'000) + (wait_ns > 0 ? 1 : 0);
  uv_update_time(loop_.get());
  const auto due = [](uv_timer_t* handle) {
    auto* house = static_cast<House*>(handle->loop->data);
    house->timers_->fire(house->clock_->mono_ns());
    house->arm_timer();
  };
  uv_timer_start(timer_.get(), due, wait_ms, 0);
}

Result<void> House::on_signal(int signal_number, std::function<void()> function) {
  Result<void> result;
  if (!call([&] { result = set_signal(signal_number, std::move(function)); }))
    return Error::unavailable("the scheduler is stopped");
  return result;
}

Result<void> House::set_signal(int signal_number, std::function<void()> function) {
  auto& signal = signals_[signal_number];
  if (signal == nullptr) {
    signal = std::make_unique<Signal>();
    uv_signal_init(loop_.get(), &signal->handle);
    signal->handle.data = signal.get();
    uv_unref(reinterpret_cast<uv_handle_t*>(&signal->handle));
  }
  signal->call = std::move(function);
  if (!signal->call) {
    uv_signal_stop(&signal->handle);
    return {};
  }
  const auto received = [](uv_signal_t* handle, int) { static_cast<Signal*>(handle->data)->call(); };
  if (const int code = uv_signal_start(&signal->handle, received, signal_number); code != 0)
    return Error::internal("catch signal " + std::to_string(signal_number) + ": " + uv_text(code));
  return {};
}

}  // namespace tarsier::scheduler
