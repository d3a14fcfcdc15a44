// Parts of a query that are the same and are wanted at the same steps, as in a / (a + b): the evaluator makes such a part once.
#pragma once

#include <cstdint>
#include <vector>

#include "plugins/lib/promql/ast.hpp"

namespace tarsier::promql {

/// Of a prepared tree: numbers the parts that stand in several places, from 1 on, in the nodes (Node::shared), and returns in how
/// many places each is wanted (the first entry is that of part 1). What an aggregation folds while the store brings it is not
/// shared: it never is there as a whole.
std::vector<uint32_t> mark_common_parts(Node& tree);

}  // namespace tarsier::promql
