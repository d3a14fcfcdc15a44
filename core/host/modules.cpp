#include "core/host/modules.hpp"

#include <algorithm>
#include <utility>

#include "core/host/crash_handler.hpp"

namespace tarsier::host {

namespace {
constexpr const char* kMoveOnly = ". Overwriting it in place may crash the process: install new versions by a move";
}

void Modules::keep_copies_in(const std::string& directory) {
  if (std::exchange(copies_wanted_, true)) return;
  auto opened = loader::PrivateCopies::open(directory);
  if (opened) {
    copies_.emplace(std::move(opened).value());
  } else {
    warnings_.push_back(
        "plugin files are mapped where they lie, because private copies cannot be made: " + opened.error().message() + kMoveOnly);
  }
}

std::vector<std::string> Modules::take_warnings() { return std::exchange(warnings_, {}); }

bool Modules::came_from(const std::string& path, std::string_view plugin) const {
  return std::any_of(loaded_.begin(), loaded_.end(),
                     [&](const auto& module) { return module->path() == path && !module->note().resolve(plugin).empty(); });
}

Result<void> Modules::check_in_place(const loader::PluginFile& file) const {
  for (const auto& module : loaded_) {
    if (module->damaged_by(file.identity)) {
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
  auto module = loader::Module::load(file.path, copies_ ? &*copies_ : nullptr);
  if (!module) return std::move(module).error();
  if (const std::string& why = (*module)->why_in_place(); !why.empty())
    warnings_.push_back(file.path + ": is mapped where it lies, because a private copy cannot be made: " + why + kMoveOnly);
  crash::remember(**module);
  return loaded_.emplace_back(std::move(module).value());
}

std::vector<RetainedModule> Modules::sweep() {
  std::vector<RetainedModule> stayed;
  std::erase_if(loaded_, [&](const std::shared_ptr<loader::Module>& module) {
    if (module.use_count() > 1) return false;
    RetainedModule record{module->path(), module->note().version, module->note().ids, module->mapped_file()};
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
