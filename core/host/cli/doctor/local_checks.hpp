// What can be checked without asking a host: the configuration, its data directory, the clock, and who has its ports.
#pragma once

#include "core/host/cli/check.hpp"
#include "core/host/cli/doctor/report.hpp"

namespace tarsier::host::cli {

void check_configuration(const CheckedConfig& checked, Report& report);
void check_data_directory(const config::HostSettings& settings, Report& report);
void check_clock(Report& report);
/// For a host that does not answer: nobody listens where it should, or another program does.
void check_ports(const Desired& desired, const std::string& why, Report& report);

}  // namespace tarsier::host::cli
