// What is proposed for a daemon whose socket is on this machine.
#pragma once

#include <optional>
#include <string>

#include "tarsier/suggest.hpp"

namespace tarsier::discover_docker {

/// Nothing when there is no socket, or nobody at it who speaks Docker's API.
std::optional<Suggestion> suggest_daemon(const std::string& socket);

}  // namespace tarsier::discover_docker
