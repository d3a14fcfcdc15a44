// Rendering a parsed template.
#pragma once

#include <map>
#include <string>

#include "plugins/lib/template/functions.hpp"
#include "plugins/lib/template/parser.hpp"

namespace tarsier::tmpl {

/// Renders `source` with `data` as dot and `variables` ("$labels") predefined. INVALID with line and column when an action fails,
/// RESOURCE past 1 MiB of output or a million steps.
Result<std::string> execute(const Template& source, const Value& data, const std::map<std::string, Value>& variables,
                            const Environment& environment);

}  // namespace tarsier::tmpl
