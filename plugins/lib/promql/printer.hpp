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

// What a node says itself, without what is below it. It takes as long as its own text, where to print every node of a tree takes as
// long as the text times the depth.

/// Of an operator nothing; of a subquery nothing: those stand behind or between.
std::string print_head(const Node& node);
/// + on (job) group_left ()
std::string print_operator(const BinaryNode& node);
/// [5m:1m] offset 1m
std::string print_subquery_tail(const Subquery& node);

}  // namespace tarsier::promql
