#include "core/host/modules.hpp"

#include <algorithm>

#include "core/host/crash_handler.hpp"

namespace tarsier::host {

Result<void> Modules::check_in_place(const loader::PluginFile& file) const {
  for (const auto& module : loaded_) {
    if (module->identity().overwritten_by(file.identity)) {
      return Error(TARSIER_UNAVAILABLE,
                   file.path +
                       ": was overwritten in place while it is in use; what runs may be damaged. Install a new "
                       "version as a new file and rename it into place, then restart the host");
    }
  }
  return {};
}

Result<std::shared_ptr<loader::Module>> Modules::load(const loader::PluginFile& file) {
  for (const auto& module : loaded_) {
    if (module->identity() == file.identity) return module;
  }
  if (auto checked = check_in_place(file); !checked) return std::move(checked).error();
  auto module = loader::Module::load(file.path);
  if (!module) return std::move(module).error();
  crash::remember(**module);
  return loaded_.emplace_back(std::move(module).value());
}

std::vector<RetainedModule> Modules::sweep() {
  std::vector<RetainedModule> stayed;
  std::erase_if(loaded_, [&](const std::shared_ptr<loader::Module>& module) {
    if (module.use_count() > 1) return false;
    RetainedModule record{module->path(), module->note().version, module->note().ids, module->identity()};
    crash::forget(*module);
    if (!module->unload()) stayed.push_back(std::move(record));
    return true;
  });
  const std::lock_guard lock(retained_mutex_);
  retained_.insert(retained_.end(), stayed.begin(), stayed.end());
  return stayed;
}

std::vector<RetainedModule> Modules::retained() const {
  const std::lock_guard lock(retained_mutex_);
  std::erase_if(retained_, [](const RetainedModule& module) { return !loader::mapped(module.identity); });
  return retained_;
}

}  // namespace tarsier::host
