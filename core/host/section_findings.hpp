// What is said of an instance, as findings: at the places that its plugin names itself, otherwise at its section. One place each.
#pragma once

#include <string>
#include <string_view>

#include "core/config/finding.hpp"
#include "core/host/instance_spec.hpp"

namespace tarsier::host {

/// About the section: "config/tarsier.toml:14:1: plugin.node: ...". Its place is that of `use`, where there is one.
config::Finding section_finding(const InstanceSpec& spec, std::string message);

/// What an Instance answered: the first word of it is the call, which means nothing to who wrote the configuration. `before` goes
/// before each message.
config::Findings section_findings(const InstanceSpec& spec, std::string_view failure, std::string_view before = {});

/// That its changed file is not used (refused_file); one line for each finding.
std::string file_warning(const InstanceSpec& spec);

}  // namespace tarsier::host
