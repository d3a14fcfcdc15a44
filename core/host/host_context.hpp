// HostContext: what stands behind the `ctx` of a tarsier_host: the instance, and the rooms that answer its calls. Each room turns
// its own C service table (abi/<service>.h) into calls on its own object with it.
#pragma once

#include "core/host/owner.hpp"
#include "tarsier/abi/module.h"

namespace tarsier::scheduler {
class Scheduler;
class Clock;
}  // namespace tarsier::scheduler
namespace tarsier::bus {
class Bus;
}
namespace tarsier::storage {
class Storage;
}
namespace tarsier::telemetry {
class Logs;
class Metrics;
}  // namespace tarsier::telemetry

namespace tarsier::host {

class ServiceRegistry;
class Control;

/// The rooms, owned by Host and outliving every instance. Not every test has all of them.
struct Rooms {
  scheduler::Clock* clock = nullptr;
  scheduler::Scheduler* scheduler = nullptr;
  bus::Bus* bus = nullptr;
  storage::Storage* storage = nullptr;
  telemetry::Logs* logs = nullptr;
  telemetry::Metrics* metrics = nullptr;
  ServiceRegistry* services = nullptr;
  Control* control = nullptr;
};

struct HostContext {
  Owner* owner = nullptr;
  Rooms* rooms = nullptr;
};

inline HostContext& context(const tarsier_host* host) noexcept { return *static_cast<HostContext*>(host->ctx); }

}  // namespace tarsier::host
