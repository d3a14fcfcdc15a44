#include "core/host/cli/suggestion_check.hpp"

#include <fstream>

#include "core/host/cli/scratch_host.hpp"
#include "core/host/desired.hpp"

namespace tarsier::host::cli {

std::string suggestion_fault(const KeptSuggestion& suggestion, const std::vector<std::string>& plugin_directories) {
  if (suggestion.title.empty()) return "it has no title";
  const std::string about = suggestion.title + ": ";
  if (suggestion.title.find('\n') != std::string::npos) return about + "a title is one line";
  if (suggestion.why.empty()) return about + "it does not say what was seen";
  if (suggestion.toml.empty()) return about + "it has no section";
  auto directory = ScratchDirectory::make();
  if (!directory) return about + directory.error().message();
  const std::string file = (directory->path() / "suggestion.toml").string();
  std::ofstream(file) << suggestion.toml;
  std::unique_ptr<loader::PluginDirectory> found;
  Modules modules;
  const Desired desired = read_desired({file, {}, plugin_directories, {}}, found, modules);
  for (const config::Finding& finding : desired.findings)
    if (finding.severity == config::Severity::error) return about + finding.path + ": " + finding.message;
  if (desired.specs.empty()) return about + "it has no section";
  return {};
}

}  // namespace tarsier::host::cli
