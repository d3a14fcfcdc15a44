// selectors_of: what of the store a query reads, whatever it makes of it.
#pragma once

#include <vector>

#include "plugins/lib/promql/ast.hpp"

namespace tarsier::promql {

/// The selectors of a tree, in the order of the text; they live as long as it.
std::vector<const VectorSelector*> selectors_of(const Node& tree);

}  // namespace tarsier::promql
