// What a Consul agent answers, read: datacenter, services, instances of a service as targets.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/discover/consul/consul_settings.hpp"
#include "tarsier/discovery.hpp"

namespace tarsier::discover_consul {

using Services = std::map<std::string, std::vector<std::string>>;  // names with tags

/// All return INVALID for text that is no JSON or not of the expected form.
Result<std::string> parse_agent(std::string_view body);
Result<Services> parse_catalog(std::string_view body);
/// `datacenter` is that of the agent when the configuration names none.
Result<std::vector<TargetLabels>> parse_health(std::string_view body, const Settings& settings, const std::string& service,
                                               const std::string& datacenter);

}  // namespace tarsier::discover_consul
