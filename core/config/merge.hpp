// Joins trees: tables key by key, arrays of tables one behind the other; any other key may be written once only, except that a
// value of the command line (--set) goes before one of a file.
#pragma once

#include "core/config/finding.hpp"
#include "core/config/node.hpp"

namespace tarsier::config {

/// Adds what `from` holds to `into`; both are tables.
void merge_table(Node& into, Node&& from, const std::string& path, Findings& findings);

/// Puts `value` at `key` of `table`, joining with what is there.
void merge_entry(Node& table, Node&& value, const std::string& table_path, Findings& findings);

}  // namespace tarsier::config
