// --set KEY=VALUE of the command line: one key of the configuration, set before any file is believed.
#pragma once

#include <string>
#include <string_view>

#include "core/config/finding.hpp"
#include "core/config/node.hpp"

namespace tarsier::config {

/// KEY is dotted, with "quoted parts" and [N] for an element that a file has; VALUE is TOML, or else a string as it stands.
void apply_override(Node& root, std::string_view key_and_value, Findings& findings);

}  // namespace tarsier::config
