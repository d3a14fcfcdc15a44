// Checks a part of the configuration against a schema, fills in defaults, converts units and resolves secrets.
#pragma once

#include "core/config/finding.hpp"
#include "core/config/node.hpp"
#include "core/config/schema.hpp"

namespace tarsier::config {

/// `section` is a table, e.g. the one at "plugin.node". Everything that is wrong is reported, and the rest still converted. Paths
/// and locations are up to date afterwards.
void check_section(Node& section, const Schema& schema, Findings& findings);

}  // namespace tarsier::config
