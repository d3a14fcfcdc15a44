// The host service "tarsier.config/1" (abi/config.h) over Node.
#pragma once

#include "tarsier/abi/config.h"

namespace tarsier::config {

const tarsier_config_api* config_service() noexcept;

}  // namespace tarsier::config
