#include "core/host/host_services.hpp"

#include <string_view>

#include "core/bus/bus.hpp"
#include "core/config/service.hpp"
#include "core/host/instance.hpp"
#include "core/host/service_registry.hpp"
#include "core/scheduler/scheduler.hpp"
#include "core/storage/storage.hpp"
#include "core/telemetry/logs.hpp"
#include "core/telemetry/metrics.hpp"
#include "tarsier/abi.h"

namespace tarsier::host {
namespace {

Instance& instance_of(const tarsier_host* host) noexcept { return *static_cast<InstanceContext&>(context(host)).instance; }

constexpr tarsier_health kHealth = {
    sizeof(tarsier_health),
    [](const tarsier_host* host) { instance_of(host).health_ok(); },
    [](const tarsier_host* host, tarsier_str reason) { instance_of(host).health_degraded(view(reason)); },
    [](const tarsier_host* host, tarsier_str reason) { instance_of(host).health_failed(view(reason)); },
};

}  // namespace

const tarsier_health* health_service() noexcept { return &kHealth; }

const void* find_host_service(const tarsier_host*, const char* name) noexcept {
  const std::string_view wanted = name == nullptr ? "" : name;
  if (wanted == TARSIER_LOG_SERVICE) return telemetry::log_service();
  if (wanted == TARSIER_CLOCK_SERVICE) return scheduler::clock_service();
  if (wanted == TARSIER_CONFIG_SERVICE) return config::config_service();
  if (wanted == TARSIER_METRICS_SERVICE) return telemetry::metrics_service();
  if (wanted == TARSIER_SCHEDULER_SERVICE) return scheduler::scheduler_service();
  if (wanted == TARSIER_BUS_SERVICE) return bus::bus_service();
  if (wanted == TARSIER_STORAGE_SERVICE) return storage::storage_service();
  if (wanted == TARSIER_SERVICES_SERVICE) return services_service();
  if (wanted == TARSIER_HEALTH_SERVICE) return health_service();
  if (wanted == TARSIER_CONTROL_SERVICE) return control_service();
  return nullptr;
}

}  // namespace tarsier::host
