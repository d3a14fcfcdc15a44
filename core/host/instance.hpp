// Instance: one configured plugin from create to destroy. Each life-cycle call runs on the control strand with a deadline; one that
// does not return in time leaves the instance abandoned: nothing of it is called again, and its memory and its file stay.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "core/host/host_context.hpp"
#include "core/host/instance_spec.hpp"
#include "core/host/instance_state.hpp"
#include "core/host/owner.hpp"
#include "core/host/service_registry.hpp"
#include "core/loader/module.hpp"
#include "tarsier/result.hpp"

namespace tarsier::host {

class Instance;

/// What stands behind the tarsier_host of an instance.
struct InstanceContext : HostContext {
  Instance* instance = nullptr;
};

/// How long each kind of call may take.
struct Deadlines {
  std::chrono::nanoseconds call = std::chrono::seconds(10);   ///< create, configure, start, reconfigure, destroy
  std::chrono::nanoseconds drain = std::chrono::seconds(10);  ///< until no call is in flight
  std::chrono::nanoseconds stop = std::chrono::seconds(10);
};

/// What the outside hears of an instance, on any thread.
struct InstanceEvents {
  std::function<void(const Instance&)> changed;        ///< its health or state
  std::function<void(Instance&, std::string)> failed;  ///< it said so (health), or a call came back after it was given up
  std::function<void()> called;                        ///< a life-cycle call has returned, or was given up: the host is alive
};

/// Life-cycle functions are called by the Lifecycle, one at a time for each instance; the rest from any thread.
class Instance : public std::enable_shared_from_this<Instance> {
 public:
  struct Status {
    State state;
    std::string reason;
    int64_t since_ns;
  };

  static std::shared_ptr<Instance> make(Rooms& rooms, InstanceSpec spec, std::shared_ptr<loader::Module> module,
                                        const tarsier_plugin& plugin, InstanceEvents events);
  ~Instance();
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;

  const InstanceSpec& spec() const noexcept { return spec_; }
  const std::string& name() const noexcept { return owner_.instance(); }
  const tarsier_plugin& plugin() const noexcept { return plugin_; }
  const std::shared_ptr<loader::Module>& module() const noexcept { return module_; }
  Owner& owner() noexcept { return owner_; }
  const Owner& owner() const noexcept { return owner_; }
  bool exclusive() const noexcept { return (plugin_.flags & TARSIER_PLUGIN_EXCLUSIVE) != 0; }
  Status status() const;
  bool started() const noexcept { return started_; }
  /// A call of it never came back.
  bool abandoned() const noexcept { return abandoned_.load(std::memory_order_acquire); }

  // ---- life cycle
  Result<void> create(std::chrono::nanoseconds deadline);
  Result<void> configure(std::chrono::nanoseconds deadline);
  Result<void> start(std::chrono::nanoseconds deadline);
  /// Takes the new spec when the plugin does; otherwise everything is as before.
  Result<void> reconfigure(InstanceSpec spec, std::chrono::nanoseconds deadline);
  /// Takes a spec that differs in the host's own settings only, not in what the plugin is configured with.
  void adjust(InstanceSpec spec);
  /// What it offers, asked once after start.
  Result<void> ask_services();
  const std::vector<OfferedService>& offered() const noexcept { return offered_; }
  /// Revokes timers, subscriptions and routes and waits for the calls in flight. Fails with what still runs; then the instance must
  /// not be stopped or unloaded.
  Result<void> quiesce(std::chrono::nanoseconds timeout);
  bool can_hand_over() const noexcept { return TARSIER_HAS(&plugin_, hand_over) && plugin_.hand_over != nullptr; }
  /// A successor has its services: it takes nothing new, and ends what was begun within `time`.
  Result<void> hand_over(std::chrono::nanoseconds time, std::chrono::nanoseconds deadline);
  Result<void> stop(std::chrono::nanoseconds deadline);
  Result<void> destroy(std::chrono::nanoseconds deadline);
  void set_state(State state, std::string reason = {});
  /// References to its services that were in use when the patience with them ended.
  void set_unfinished(ServiceRegistry::References references) { unfinished_ = std::move(references); }
  /// Nobody listens to it any more: what is left of it when the process ends.
  void orphan();
  /// Code of it runs, or may: it must not be destroyed.
  bool busy() const;

  // ---- health, [any]
  void health_ok();
  void health_degraded(std::string_view reason);
  void health_failed(std::string_view reason);

 private:
  struct Call;
  Instance(Rooms& rooms, InstanceSpec spec, std::shared_ptr<loader::Module> module, const tarsier_plugin& plugin,
           InstanceEvents events);
  Result<void> call(const char* what, std::chrono::nanoseconds deadline, std::function<tarsier_status(tarsier_error*)> body);
  void come_back(std::string_view from);
  void set_health(State state, std::string_view reason);

  Rooms& rooms_;
  InstanceSpec spec_;
  std::shared_ptr<loader::Module> module_;
  const tarsier_plugin& plugin_;
  InstanceEvents events_;
  Owner owner_;
  InstanceContext context_;
  tarsier_host host_{};
  tarsier_instance* self_ = nullptr;
  std::vector<OfferedService> offered_;
  ServiceRegistry::References unfinished_;
  std::atomic<bool> started_{false};
  std::atomic<bool> abandoned_{false};
  mutable std::mutex status_mutex_;
  Status status_;
  bool orphaned_ = false;  // guarded by status_mutex_
};

}  // namespace tarsier::host
