#include "core/loader/descriptor.hpp"

#include <algorithm>
#include <cstddef>

namespace tarsier::loader {
namespace {

constexpr size_t kMaxEntries = 4096;  // of any NULL-terminated list: a list without its end is refused, not walked for ever

// What minor version 0 had; later fields are asked for with TARSIER_HAS.
constexpr uint32_t kPluginSizeMinor0 = offsetof(tarsier_plugin, get_service) + sizeof(tarsier_plugin::get_service);
constexpr uint32_t kModuleSizeMinor0 = offsetof(tarsier_module, plugins) + sizeof(tarsier_module::plugins);

Error wrong(const std::string& path, const std::string& what) {
  return Error::invalid(path + ": its descriptor is malformed: " + what);
}

bool empty(const char* text) { return text == nullptr || *text == '\0'; }

std::string missing_function(const tarsier_plugin& plugin) {
  if (plugin.create == nullptr) return "create";
  if (plugin.configure == nullptr) return "configure";
  if (plugin.start == nullptr) return "start";
  if (plugin.stop == nullptr) return "stop";
  if (plugin.destroy == nullptr) return "destroy";
  return {};
}

// Every entry of a list of needs, offers or keys: its size, and the text that must be there.
template <class T, class Text>
Result<void> check_list(const T* const* list, uint32_t size, const std::string& name, Text text) {
  for (size_t i = 0; list != nullptr && list[i] != nullptr; ++i) {
    if (i == kMaxEntries) return Error::invalid(name + " has no end (NULL) within " + std::to_string(kMaxEntries) + " entries");
    if (list[i]->size < size) {
      return Error::invalid(name + "[" + std::to_string(i) + "] has size " + std::to_string(list[i]->size) + ", " +
                            std::to_string(size) + " was expected");
    }
    if (empty(text(*list[i]))) return Error::invalid(name + "[" + std::to_string(i) + "] has no name");
  }
  return {};
}

Result<void> check_plugin(const tarsier_plugin& plugin, const ModuleNote& note) {
  if (plugin.size < kPluginSizeMinor0) {
    return Error::invalid("size " + std::to_string(plugin.size) + ", at least " + std::to_string(kPluginSizeMinor0) +
                          " was expected");
  }
  if (empty(plugin.id)) return Error::invalid("no id");
  const std::string id = plugin.id;
  if (!valid_plugin_id(id)) return Error::invalid("\"" + id + "\" is no plugin id ([a-z0-9-]+ was expected)");
  const auto in = [&id](Error error) { return std::move(error).in("plugin " + id); };
  if (!note.has_id(id)) return in(Error::invalid("the file's note does not name this id"));
  if (empty(plugin.version)) return in(Error::invalid("no version"));
  if (empty(plugin.summary)) return in(Error::invalid("no summary"));
  if (plugin.kinds == nullptr) return in(Error::invalid("no list of kinds"));
  if (const std::string name = missing_function(plugin); !name.empty())
    return in(Error::invalid("the function " + name + " is NULL"));
  if (auto r = check_list(plugin.needs, sizeof(tarsier_need), "needs", [](const tarsier_need& n) { return n.name; }); !r) {
    return in(std::move(r).error());
  }
  if (auto r = check_list(plugin.offers, sizeof(tarsier_offer), "offers", [](const tarsier_offer& o) { return o.name; }); !r) {
    return in(std::move(r).error());
  }
  if (plugin.offers != nullptr && plugin.offers[0] != nullptr && plugin.get_service == nullptr) {
    return in(Error::invalid("it offers services and has no get_service"));
  }
  if (auto r = check_list(plugin.schema, sizeof(tarsier_config_key), "schema", [](const tarsier_config_key& k) { return k.path; });
      !r) {
    return in(std::move(r).error());
  }
  return {};
}

}  // namespace

Result<std::vector<const tarsier_plugin*>> check_descriptor(const tarsier_module* module, const ModuleNote& note,
                                                            const std::string& path) {
  if (module->size < kModuleSizeMinor0) {
    return wrong(path, "the module has size " + std::to_string(module->size) + ", at least " + std::to_string(kModuleSizeMinor0) +
                           " was expected");
  }
  if (module->abi_major != TARSIER_ABI_MAJOR) return wrong(path, "its ABI major number differs from the one in its note");
  if (module->plugins == nullptr || module->plugins[0] == nullptr) return wrong(path, "it holds no plugin");
  std::vector<const tarsier_plugin*> plugins;
  for (size_t i = 0; module->plugins[i] != nullptr; ++i) {
    if (i == note.ids.size()) return wrong(path, "it holds more plugins than its note names");
    if (auto checked = check_plugin(*module->plugins[i], note); !checked) return wrong(path, checked.error().message());
    const auto same = [&](const tarsier_plugin* other) { return std::string_view(other->id) == module->plugins[i]->id; };
    if (std::any_of(plugins.begin(), plugins.end(), same))
      return wrong(path, std::string("two plugins named ") + module->plugins[i]->id);
    plugins.push_back(module->plugins[i]);
  }
  if (plugins.size() != note.ids.size()) return wrong(path, "its note names more plugins than it holds");
  return plugins;
}

}  // namespace tarsier::loader
