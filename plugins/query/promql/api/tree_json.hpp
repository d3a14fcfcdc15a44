// The tree of a query as /parse_query shows it.
#pragma once

#include "plugins/lib/json/json_writer.hpp"
#include "plugins/lib/promql/ast.hpp"

namespace tarsier::promql {

/// As Prometheus' page reads it; the tree is one that parse() has checked.
void write_tree(json::Writer& json, const Node& tree);

}  // namespace tarsier::promql
