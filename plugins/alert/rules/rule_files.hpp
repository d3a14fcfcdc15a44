// The rule files that a configuration names, read and checked together.
#pragma once

#include <string>
#include <vector>

#include "plugins/alert/rules/rule_file.hpp"

namespace tarsier::rules {

/// All groups of all files that match the patterns; INVALID with the findings, one a line: as many as an error has room for, and
/// how many more there are.
Result<std::vector<Group>> read_rule_files(const std::vector<std::string>& patterns);

/// Rules of one file with the same name and labels, each as "file:line:column: what": they write the same series, and only one is
/// meant as a rule. Not an error: the original takes such files, too.
std::vector<std::string> duplicate_rules(const std::vector<Group>& groups);

}  // namespace tarsier::rules
