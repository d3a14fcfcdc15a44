// The body of Alertmanager's webhook, version 4.
#pragma once

#include <cstdint>
#include <string>

#include "tarsier/service/notifier.h"

namespace tarsier::webhook {

/// `max_alerts` 0: all; those left out are counted in truncatedAlerts.
std::string body(const tarsier_notification& notification, uint64_t max_alerts);

}  // namespace tarsier::webhook
