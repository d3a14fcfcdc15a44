// What a running host says of itself: readiness, plugins, targets, rules, how old its data is, what it lost, its limits.
#pragma once

#include "core/host/cli/doctor/report.hpp"
#include "core/host/cli/doctor/running_host.hpp"

namespace tarsier::host::cli {

void check_running(const RunningHost& host, Report& report);

}  // namespace tarsier::host::cli
