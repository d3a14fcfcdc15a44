// Modules: the plugin files that are loaded now, shared by the instances made from them, and those that would not go away.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/loader/module.hpp"
#include "core/loader/plugin_directory.hpp"
#include "core/loader/private_copies.hpp"
#include "tarsier/result.hpp"

namespace tarsier::host {

/// A file that is still mapped after it was unloaded.
struct RetainedModule {
  std::string path;
  std::string version;
  std::vector<std::string> ids;
  loader::FileIdentity identity;
};

/// Used by the Lifecycle's thread; retained() by any.
class Modules {
 public:
  /// From now on files are mapped from private copies in that directory (loader::PrivateCopies), as far as these can be made. Only
  /// the first call counts.
  void keep_copies_in(const std::string& directory);
  /// What was mapped in place all the same, and why; each is told once.
  std::vector<std::string> take_warnings();
  /// The module of this version of the file, loaded now or before.
  Result<std::shared_ptr<loader::Module>> load(const loader::PluginFile& file);
  /// Unloads every module that nobody but this has. Returns those that stayed mapped.
  std::vector<RetainedModule> sweep();
  /// Files that stayed mapped, without those that have gone since.
  std::vector<RetainedModule> retained() const;
  /// True when a module that is loaded from that path has the plugin of that id or alias.
  bool came_from(const std::string& path, std::string_view plugin) const;

 private:
  /// A file that is itself mapped, and whose contents were overwritten; the message says what to do.
  Result<void> check_in_place(const loader::PluginFile& file) const;

  bool copies_wanted_ = false;
  std::optional<loader::PrivateCopies> copies_;
  std::vector<std::string> warnings_;
  std::vector<std::shared_ptr<loader::Module>> loaded_;
  mutable std::mutex retained_mutex_;
  mutable std::vector<RetainedModule> retained_;
};

}  // namespace tarsier::host
