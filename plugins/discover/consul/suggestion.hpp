// What is proposed for an agent on this machine.
#pragma once

#include <optional>
#include <string>

#include "tarsier/suggest.hpp"

namespace tarsier::discover_consul {

/// Nothing when no Consul answers at 127.0.0.1:port.
std::optional<Suggestion> suggest_agent(const std::string& address);

}  // namespace tarsier::discover_consul
