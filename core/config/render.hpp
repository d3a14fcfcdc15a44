// Writes a tree as TOML: the effective configuration, defaults included, secrets left out.
#pragma once

#include <string>
#include <string_view>

#include "core/config/node.hpp"

namespace tarsier::config {

/// What stands for a secret value wherever a configuration is shown.
inline constexpr std::string_view kSecretText = "<secret>";

/// The table as a TOML document, or as the section `[prefix]` of one. Reading it and rendering again gives the same text.
std::string render_toml(const Node& table, std::string_view prefix = {});
/// One value on one line: `"15s"`, `[1, 2]`, `{ a = 1 }`.
std::string render_value(const Node& node);
/// A TOML basic string with quotes and escapes.
std::string toml_string(std::string_view text);

}  // namespace tarsier::config
