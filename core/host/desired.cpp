#include "core/host/desired.hpp"

#include <algorithm>
#include <filesystem>

#include "core/config/aliases.hpp"
#include "core/config/check_tree.hpp"
#include "core/config/load.hpp"
#include "core/config/nearest.hpp"
#include "core/config/references.hpp"
#include "core/host/lifecycle.hpp"
#include "core/host/section_findings.hpp"

namespace tarsier::host {
namespace {

using config::Node;

// Before the check, and with overrides, so that the plugins that the check needs can be found.
std::vector<std::string> plugin_directories(const DesiredOptions& options, const config::HostSettings& settings) {
  std::vector<std::string> all = options.plugin_dirs;
  all.insert(all.end(), settings.plugin_dirs.begin(), settings.plugin_dirs.end());
  all.push_back(options.default_plugin_dir);
  std::vector<std::string> unique;
  for (std::string& path : all) {
    if (path.empty()) continue;
    path = std::filesystem::absolute(path).lexically_normal().string();
    if (path.size() > 1 && path.back() == '/') path.pop_back();
    if (std::find(unique.begin(), unique.end(), path) == unique.end()) unique.push_back(path);
  }
  return unique;
}

config::Aliases aliases_of(const loader::PluginDirectory& directory) {
  config::Aliases aliases;
  const auto ids = directory.ids();
  for (const loader::PluginFile& file : directory.files()) {
    if (!file.refusal.empty()) continue;
    for (const std::string& alias : file.note->aliases) {
      if (std::find(ids.begin(), ids.end(), alias) == ids.end()) aliases.emplace(alias, file.note->ids.front());
    }
  }
  return aliases;
}

// Why no file gives the plugin: a file that names it and is refused, or nothing at all.
std::string absent_plugin(const std::string& id, const loader::PluginDirectory& directory, bool& broken_file) {
  for (const loader::PluginFile& file : directory.files()) {
    const bool named = (file.note && file.note->has_id(id)) || std::filesystem::path(file.path).stem() == id;
    if (named && !file.refusal.empty()) {
      broken_file = true;
      return file.refusal;
    }
  }
  const auto ids = directory.ids();
  const std::string close = config::nearest(id, ids);
  std::string where;
  for (const std::string& path : directory.directories()) where += (where.empty() ? "" : ", ") + path;
  return "no plugin \"" + id + "\" is installed in " + where + (close.empty() ? "" : "; did you mean \"" + close + "\"?");
}

// The file that a plugin was loaded from is there and cannot be used now: half copied, say. It is not passed over for a file with
// the same plugin in another directory.
const loader::PluginFile* broken_source(const std::string& use, const loader::PluginDirectory& directory, const Modules& modules) {
  for (const loader::PluginFile& file : directory.files()) {
    if (!file.refusal.empty() && modules.came_from(file.path, use)) return &file;
  }
  return nullptr;
}

// The file is there and cannot be used. What runs of it goes on, and takes changes of its configuration all the same.
void refuse_file(InstanceSpec& spec, std::string why, const InstanceSpec* running) {
  if (running == nullptr || running->module->note().resolve(spec.use) != running->plugin->id) {
    spec.refusal = std::move(why);
    return;
  }
  spec.module = running->module;
  spec.plugin = running->plugin;
  spec.refused_file = std::move(why);
}

void find_plugin(InstanceSpec& spec, const loader::PluginDirectory& directory, Modules& modules, const Lifecycle* lifecycle) {
  const InstanceSpec* running = lifecycle != nullptr ? lifecycle->running(spec.name) : nullptr;
  if (const loader::PluginFile* broken = broken_source(spec.use, directory, modules); broken != nullptr)
    return refuse_file(spec, broken->refusal, running);
  std::string id;
  const loader::PluginFile* file = directory.find(spec.use, &id);
  if (file == nullptr) {
    bool broken_file = false;
    std::string why = absent_plugin(spec.use, directory, broken_file);
    return refuse_file(spec, std::move(why), broken_file ? running : nullptr);
  }
  auto module = modules.load(*file);
  if (!module) return refuse_file(spec, module.error().message(), running);
  spec.module = *module;
  spec.plugin = spec.module->find(id);
  const bool other = running != nullptr && running->module != spec.module;
  if (other && lifecycle->hangs(spec)) refuse_file(spec, Lifecycle::kHangs, running);
}

bool disabled(const Node& section) {
  const Node* enabled = section.find("enabled");
  return enabled != nullptr && enabled->kind == config::Kind::boolean && !enabled->boolean;
}

InstanceSpec spec_of(Node& section, const loader::PluginDirectory& directory, Modules& modules, const Lifecycle* running,
                     config::Findings& findings) {
  InstanceSpec spec;
  spec.name = section.key;
  spec.use = config::plugin_of(section);
  spec.enabled = !disabled(section);
  if (!spec.enabled) return spec;
  find_plugin(spec, directory, modules, running);
  if (!spec.refusal.empty()) {
    config::hide_values(section);  // without a schema nobody knows which of them are secrets
    return spec;
  }
  config::check_instance(section, config::keys_of(spec.plugin->schema), findings);
  const auto settings = config::instance_settings(section);
  // Refused rather than accepted without effect: who asks for it relies on it.
  for (const char* key : {"isolation", "memory_limit"}) {
    const Node* node = section.find(key);
    const bool asked = node != nullptr && (node->text == "process" || node->integer != 0);
    if (asked)
      findings.push_back(config::error_at(node->position, node->path, "plugins in a child process are not part of this version"));
  }
  spec.restart = settings.restart == "never" ? RestartPolicy::never : RestartPolicy::on_failure;
  spec.cpu_share = static_cast<uint32_t>(settings.cpu_share);
  return spec;
}

// Sections name one another: all of them must have been read.
void check_references(Desired& desired) {
  std::vector<config::Provider> providers;
  for (const InstanceSpec& spec : desired.specs) {
    config::Provider& provider = providers.emplace_back(config::Provider{spec.name, spec.enabled, spec.plugin != nullptr, {}});
    if (spec.plugin == nullptr) continue;
    for (auto offer = spec.plugin->offers; offer != nullptr && *offer != nullptr; ++offer)
      provider.offers.emplace_back((*offer)->name);
  }
  for (const InstanceSpec& spec : desired.specs) config::check_references(*spec.node, providers, desired.findings);
}

// An absent directory may come later: no error.
void check_plugin_dirs(const Node& root, config::Findings& findings) {
  const Node* dirs = root.at_path("host.plugin_dirs");
  if (dirs == nullptr) return;
  for (const Node& dir : dirs->children) {
    const std::string path = config::resolved_path(dir);
    std::error_code failure;
    if (path.empty() || std::filesystem::is_directory(path, failure)) continue;
    const std::string why = std::filesystem::exists(path, failure) ? " is no directory" : " does not exist";
    findings.push_back(config::finding_at(config::Severity::warning, dir.position, dir.path, "the directory " + path + why));
  }
}

}  // namespace

Desired read_desired(const DesiredOptions& options, std::unique_ptr<loader::PluginDirectory>& directory, Modules& modules,
                     const Lifecycle* running) {
  Desired desired;
  auto loaded = config::load({options.config_file, options.overrides});
  auto root = std::make_shared<Node>(std::move(loaded.root));
  desired.findings = std::move(loaded.findings);
  desired.files = std::move(loaded.files);
  desired.watched = std::move(loaded.include_directories);
  config::check_host(*root, desired.findings);
  desired.settings = config::host_settings(*root);
  check_plugin_dirs(*root, desired.findings);
  desired.plugin_dirs = plugin_directories(options, desired.settings);
  if (directory == nullptr || directory->directories() != desired.plugin_dirs) {
    directory = std::make_unique<loader::PluginDirectory>(desired.plugin_dirs);
  }
  directory->scan();
  // Nothing is written while it is not sure where.
  if (options.private_copies && desired.ok()) modules.keep_copies_in(desired.settings.data_dir + "/modules");
  config::normalize_aliases(*root, aliases_of(*directory), desired.findings);

  if (Node* list = root->find("plugin"); list != nullptr && list->is_table()) {
    for (Node& section : list->children) {
      if (!section.is_table()) {
        desired.findings.push_back(config::error_at(section.position, section.path, "expected a table"));
        continue;
      }
      desired.specs.push_back(spec_of(section, *directory, modules, running, desired.findings));
      desired.specs.back().node = std::shared_ptr<const Node>(root, &section);
    }
  }
  check_references(desired);
  desired.root = root;
  return desired;
}

config::Findings refusals(const Desired& desired) {
  config::Findings findings;
  for (const InstanceSpec& spec : desired.specs) {
    if (!spec.enabled || spec.refusal.empty()) continue;
    findings.push_back(section_finding(spec, spec.refusal));
  }
  return findings;
}

}  // namespace tarsier::host
