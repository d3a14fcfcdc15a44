// Gives every node its type and refuses what does not fit together, with the original's words.
#pragma once

#include <string_view>

#include "plugins/lib/promql/ast.hpp"
#include "tarsier/result.hpp"

namespace tarsier::promql {

/// `query` is the text that the tree was read from: for positions.
Result<void> type_check(std::string_view query, Node& tree);

}  // namespace tarsier::promql
