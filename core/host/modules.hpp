// Modules: the plugin files that are loaded now, shared by the instances made from them, and those that would not go away.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/loader/module.hpp"
#include "core/loader/plugin_directory.hpp"
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
  /// The module of this version of the file, loaded now or before.
  Result<std::shared_ptr<loader::Module>> load(const loader::PluginFile& file);
  /// Unloads every module that nobody but this has. Returns those that stayed mapped.
  std::vector<RetainedModule> sweep();
  /// Files that stayed mapped, without those that have gone since.
  std::vector<RetainedModule> retained() const;
  /// A file whose contents were overwritten while it is mapped; the message says what to do.
  Result<void> check_in_place(const loader::PluginFile& file) const;

 private:
  std::vector<std::shared_ptr<loader::Module>> loaded_;
  mutable std::mutex retained_mutex_;
  mutable std::vector<RetainedModule> retained_;
};

}  // namespace tarsier::host
