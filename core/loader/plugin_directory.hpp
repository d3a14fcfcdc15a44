// The drop-in directories: which plugin files are there, and what each says of itself. No code of a plugin runs.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/loader/file_identity.hpp"
#include "core/loader/module_note.hpp"

namespace tarsier::loader {

/// A *.so file in a drop-in directory: what its note says, or why it cannot be used.
struct PluginFile {
  std::string path;
  FileIdentity identity;
  std::optional<ModuleNote> note;
  std::string refusal;                ///< empty when it can be used
  std::vector<std::string> shadowed;  ///< ids that an earlier file provides already
};

/// The directories in order of precedence: of two files with the same id the first one counts.
class PluginDirectory {
 public:
  explicit PluginDirectory(std::vector<std::string> directories) : directories_(std::move(directories)) {}

  const std::vector<std::string>& directories() const noexcept { return directories_; }
  /// Reads the directories anew; files that did not change keep what was read. Absent directories are empty ones.
  void scan();
  /// By directory, then by name.
  const std::vector<PluginFile>& files() const noexcept { return files_; }
  /// The usable file that holds the plugin of that id or alias, and its real id; nullptr when there is none.
  const PluginFile* find(std::string_view name, std::string* id = nullptr) const;
  /// All ids that can be used.
  std::vector<std::string> ids() const;

 private:
  PluginFile read(const std::string& path) const;
  std::vector<std::string> directories_;
  std::vector<PluginFile> files_;
  std::map<std::string, const PluginFile*, std::less<>> by_id_;
};

/// Where the host's own plugins are, relative to the program that runs: <dir of the program>/../lib*/tarsier/plugins.
std::string default_plugin_directory();

}  // namespace tarsier::loader
