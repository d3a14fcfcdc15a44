#include "core/host/instance.hpp"

#include <exception>

#include "core/bus/bus.hpp"
#include "core/host/host_services.hpp"
#include "core/host/plugin_threads.hpp"
#include "core/scheduler/scheduler.hpp"
#include "core/storage/storage.hpp"
#include "core/telemetry/metrics.hpp"

namespace tarsier::host {
namespace {

std::string seconds(std::chrono::nanoseconds time) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
  return ms % 1000 == 0 ? std::to_string(ms / 1000) + " s" : std::to_string(ms) + " ms";
}

bool parallel(const tarsier_plugin& plugin) { return (plugin.flags & TARSIER_PLUGIN_PARALLEL) != 0; }

}  // namespace

// Shared by the one who waits and the thread that calls, because either may be the last to touch it.
struct Instance::Call {
  tarsier_error error = empty_error();
  tarsier_status status = TARSIER_OK;
  std::atomic<bool> given_up{false};  // set by whoever comes second too: the call that returns, the one who stops waiting
};

std::shared_ptr<Instance> Instance::make(Rooms& rooms, InstanceSpec spec, std::shared_ptr<loader::Module> module,
                                         const tarsier_plugin& plugin, InstanceEvents events) {
  return std::shared_ptr<Instance>(new Instance(rooms, std::move(spec), std::move(module), plugin, std::move(events)));
}

Instance::Instance(Rooms& rooms, InstanceSpec spec, std::shared_ptr<loader::Module> module, const tarsier_plugin& plugin,
                   InstanceEvents events)
    : rooms_(rooms),
      spec_(std::move(spec)),
      module_(std::move(module)),
      plugin_(plugin),
      events_(std::move(events)),
      owner_(spec_.name, plugin.id, parallel(plugin)),
      status_{State::loaded, {}, rooms.clock->wall_ns()} {
  context_.owner = &owner_;
  context_.rooms = &rooms_;
  context_.instance = this;
  host_.size = sizeof(host_);
  host_.abi_major = TARSIER_ABI_MAJOR;
  host_.abi_minor = TARSIER_ABI_MINOR;
  host_.ctx = static_cast<HostContext*>(&context_);
  host_.get_service = find_host_service;
}

Instance::~Instance() {
  if (self_ != nullptr && !abandoned() && !orphaned_)
    bug(("instance " + spec_.name + " was dropped before it was destroyed").c_str());
}

Result<void> Instance::call(const char* what, std::chrono::nanoseconds deadline,
                            std::function<tarsier_status(tarsier_error*)> body) {
  if (abandoned()) return Error(TARSIER_UNAVAILABLE, std::string(what) + ": an earlier call has not returned");
  auto shared = std::make_shared<Call>();
  const auto run = [self = shared_from_this(), shared, body = std::move(body), what] {
    const ThreadsOf attribution(self->owner_);
    try {
      shared->status = body(&shared->error);
    } catch (const std::exception& thrown) {
      shared->status = Error::internal(std::string("an exception left the plugin: ") + thrown.what()).to_c(&shared->error);
    } catch (...) {
      shared->status = Error::internal("an exception of an unknown type left the plugin").to_c(&shared->error);
    }
    if (shared->given_up.exchange(true)) self->come_back(what);
  };
  const auto outcome = rooms_.scheduler->run_control(owner_, run, deadline);
  if (events_.called) events_.called();
  if (outcome != scheduler::ControlOutcome::completed) {
    abandoned_.store(true, std::memory_order_release);
    if (shared->given_up.exchange(true)) abandoned_.store(false, std::memory_order_release);  // it returned just now
    return Error(TARSIER_DEADLINE, std::string(what) + " did not return within " + seconds(deadline));
  }
  if (shared->status == TARSIER_OK) return {};
  owner_.accounting().failures.fetch_add(1, std::memory_order_relaxed);
  Error error = Error::from_c(shared->status, shared->error);
  if (error.message().empty())
    error = Error(error.code(), "failed without a message (status " + std::to_string(error.code()) + ")");
  return std::move(error).in(what);
}

// On the control thread, long after the deadline: from now on it can be ended.
void Instance::come_back(std::string_view from) {
  if (from == "start") started_.store(true);
  if (from == "stop") started_.store(false);
  abandoned_.store(false, std::memory_order_release);
  const std::lock_guard lock(status_mutex_);
  if (!orphaned_ && events_.failed) events_.failed(*this, "a call that was given up has returned");
}

void Instance::orphan() {
  const std::lock_guard lock(status_mutex_);
  orphaned_ = true;
}

Result<void> Instance::create(std::chrono::nanoseconds deadline) {
  auto made = call("create", deadline, [this](tarsier_error* error) -> tarsier_status {
    self_ = plugin_.create(&host_, str(spec_.name), error);
    if (self_ != nullptr) return TARSIER_OK;
    return error->code == TARSIER_OK ? TARSIER_INTERNAL : error->code;
  });
  if (made) set_state(State::created);
  return made;
}

Result<void> Instance::configure(std::chrono::nanoseconds deadline) {
  auto done = call("configure", deadline,
                   [this, node = spec_.node](tarsier_error* error) { return plugin_.configure(self_, node.get(), error); });
  if (done) set_state(State::configured);
  return done;
}

Result<void> Instance::start(std::chrono::nanoseconds deadline) {
  owner_.open();
  auto done = call("start", deadline, [this](tarsier_error* error) { return plugin_.start(self_, error); });
  if (done) started_.store(true);
  if (done && status().state != State::degraded) set_state(State::running);
  return done;
}

Result<void> Instance::reconfigure(InstanceSpec spec, std::chrono::nanoseconds deadline) {
  if (plugin_.reconfigure == nullptr) return Error(TARSIER_UNSUPPORTED, "the plugin cannot reconfigure");
  auto done = call("reconfigure", deadline,
                   [this, node = spec.node](tarsier_error* error) { return plugin_.reconfigure(self_, node.get(), error); });
  if (done) spec_ = std::move(spec);
  return done;
}

void Instance::adjust(InstanceSpec spec) {
  spec_ = std::move(spec);
  rooms_.scheduler->pool().set_share(owner_, spec_.cpu_share);
}

Result<void> Instance::ask_services() {
  offered_.clear();
  for (auto offer = plugin_.offers; offer != nullptr && *offer != nullptr; ++offer) {
    const void* table = plugin_.get_service(self_, (*offer)->name);
    if (table == nullptr) return Error::invalid(std::string("offers ") + (*offer)->name + ", and has no such service");
    offered_.push_back({(*offer)->name, table, (*offer)->flags});
  }
  return {};
}

Result<void> Instance::quiesce(std::chrono::nanoseconds timeout) {
  set_state(State::quiescing);
  owner_.close();
  rooms_.services->revoke_all(owner_);
  rooms_.bus->detach(owner_);
  rooms_.scheduler->detach(owner_);
  if (owner_.drain(timeout)) return {};
  return Error(TARSIER_DEADLINE,
               std::to_string(owner_.in_flight()) + " calls into it have not returned within " + seconds(timeout));
}

Result<void> Instance::hand_over(std::chrono::nanoseconds time, std::chrono::nanoseconds deadline) {
  const int64_t until = rooms_.clock->mono_ns() + time.count();
  return call("hand_over", deadline, [this, until](tarsier_error* error) { return plugin_.hand_over(self_, until, error); });
}

Result<void> Instance::stop(std::chrono::nanoseconds deadline) {
  if (!started()) return {};
  const int64_t until = rooms_.clock->mono_ns() + deadline.count();
  auto done = call("stop", deadline, [this, until](tarsier_error* error) { return plugin_.stop(self_, until, error); });
  started_.store(false);
  set_state(State::stopped, done ? std::string() : done.error().message());
  return done;
}

Result<void> Instance::destroy(std::chrono::nanoseconds deadline) {
  if (self_ == nullptr) return {};
  owner_.close();
  auto done = call("destroy", deadline, [this](tarsier_error*) -> tarsier_status {
    plugin_.destroy(self_);
    self_ = nullptr;
    return TARSIER_OK;
  });
  if (!done) return done;
  rooms_.services->forget(owner_);
  rooms_.bus->forget(owner_);
  rooms_.scheduler->forget(owner_);
  rooms_.storage->detach(owner_);
  rooms_.metrics->detach(owner_);
  return {};
}

bool Instance::busy() const {
  return abandoned() || owner_.in_flight() != 0 || owner_.accounting().threads.load() != 0 || rooms_.services->in_use(unfinished_);
}

Instance::Status Instance::status() const {
  const std::lock_guard lock(status_mutex_);
  return status_;
}

void Instance::set_state(State state, std::string reason) {
  {
    const std::lock_guard lock(status_mutex_);
    if (status_.state != state) status_.since_ns = rooms_.clock->wall_ns();
    status_.state = state;
    status_.reason = std::move(reason);
  }
  if (events_.changed) events_.changed(*this);
}

// ---- health

void Instance::set_health(State state, std::string_view reason) {
  {
    const std::lock_guard lock(status_mutex_);
    const bool up = status_.state == State::running || status_.state == State::degraded ||
                    (status_.state == State::configured && state == State::degraded);
    if (!up || (status_.state == state && status_.reason == reason)) return;
    if (status_.state != state) status_.since_ns = rooms_.clock->wall_ns();
    status_.state = state;
    status_.reason = reason;
  }
  if (events_.changed) events_.changed(*this);
}

void Instance::health_ok() { set_health(State::running, {}); }
void Instance::health_degraded(std::string_view reason) { set_health(State::degraded, reason); }
void Instance::health_failed(std::string_view reason) {
  if (started() && events_.failed) events_.failed(*this, std::string(reason));
}

}  // namespace tarsier::host
