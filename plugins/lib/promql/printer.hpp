// A tree back as text: on one line, or broken over lines of at most 100 characters where that helps the reader.
#pragma once

#include <string>

#include "plugins/lib/promql/ast.hpp"

namespace tarsier::promql {

std::string print(const Node& node);
/// As promtool's and the API's format: comments are gone.
std::string print_pretty(const Node& node);
/// {__name__="up", job="node"} as the original shows matchers: up{job="node"}.
std::string print_duration(const Duration& duration);

}  // namespace tarsier::promql
