// The host services that an instance can ask for by name: the tables of all rooms.
#pragma once

#include "tarsier/abi/control.h"
#include "tarsier/abi/module.h"

namespace tarsier::host {

/// tarsier_host::get_service.
const void* find_host_service(const tarsier_host* host, const char* name) noexcept;

/// The tables behind "tarsier.health/1" and "tarsier.control/1".
const tarsier_health* health_service() noexcept;
const tarsier_control* control_service() noexcept;

}  // namespace tarsier::host
