// Asks the plugins of a file what they propose for this machine, each file in a child process: one that hangs or crashes costs what
// it had not said yet, and a message.
#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace tarsier::host::cli {

/// tarsier_suggestion, kept.
struct KeptSuggestion {
  std::string plugin;
  std::string title, why, toml, note;
  std::vector<std::string> known_by;
};

struct SuggestionRun {
  std::vector<std::string> asked;  ///< plugins that have something to offer, in the order in which they were asked
  std::vector<KeptSuggestion> suggestions;
  std::string failure;  ///< what went wrong, with the plugin's name; "" when all of them came to their end
};

struct SuggestionLimits {
  std::chrono::milliseconds time{20'000};  ///< for all plugins of the file
  std::vector<std::string> plugins = {};   ///< only these of the file; empty: all
  bool alone = false;                      ///< in a network of its own, where that can be had: nobody is asked anything
};

/// The process must have no other threads.
SuggestionRun run_suggestions(const std::string& file, const SuggestionLimits& limits);

}  // namespace tarsier::host::cli
