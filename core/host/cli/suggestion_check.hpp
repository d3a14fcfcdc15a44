// Whether what a plugin proposes is fit to be shown: it has a title and a reason, and its sections check against their plugins.
#pragma once

#include <string>
#include <vector>

#include "core/host/cli/suggestion_run.hpp"

namespace tarsier::host::cli {

/// What is wrong with it; "" when nothing is. Sections of plugins that are in none of the directories are not looked at.
std::string suggestion_fault(const KeptSuggestion& suggestion, const std::vector<std::string>& plugin_directories);

}  // namespace tarsier::host::cli
