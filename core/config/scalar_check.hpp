// Checks one value against one key of a schema: type, unit, range and choices; converts durations, sizes and rates to integers.
#pragma once

#include <string>

#include "core/config/node.hpp"
#include "tarsier/abi/module.h"
#include "tarsier/result.hpp"

namespace tarsier::config {

/// Converts the node in place. The error is `expected a duration such as "15s", got 15`; a secret value is not repeated in it.
Result<void> check_scalar(Node& node, const tarsier_config_key& key);

/// The default value as a checked node without a position; the default of an array of values may be a TOML array.
Result<Node> default_node(const tarsier_config_key& key, bool array);

/// Whether the key's own choices and default are sound.
Result<void> check_key_values(const tarsier_config_key& key);

/// "a duration such as "15s"", "an integer", ...
std::string expected_text(tarsier_key_type type);
/// What stands there, for the end of a message: `15`, `"fast"`, `a table`.
std::string found_text(const Node& node);

}  // namespace tarsier::config
