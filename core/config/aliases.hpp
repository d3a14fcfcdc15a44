// Former ids of plugins, under which configurations may still name them.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "core/config/finding.hpp"
#include "core/config/node.hpp"

namespace tarsier::config {

/// alias -> plugin id
using Aliases = std::map<std::string, std::string, std::less<>>;

/// A section [plugin.ALIAS] without `use` becomes part of [plugin.ID], what --set gave it too; `use = "ALIAS"` becomes `use =
/// "ID"`. To be called between load and check. An id of an installed plugin is no alias: leave it out of the map.
void normalize_aliases(Node& root, const Aliases& aliases, Findings& findings);

}  // namespace tarsier::config
