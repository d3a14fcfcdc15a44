// tarsier plugins list, info: what is installed.
#include <cstdio>

#include "core/config/load.hpp"
#include "core/config/nearest.hpp"
#include "core/host/cli/command.hpp"
#include "core/host/json_writer.hpp"
#include "core/host/modules.hpp"

namespace tarsier::host::cli {
namespace {

constexpr OptionSpec kOptions[] = {
    {"--config", "-c", "FILE", "the configuration whose plugin directories are searched too"},
    {"--plugin-dir", "", "DIR", "a directory of plugins, searched first", true},
    {"--json", "", "", "for scripts"},
};

void print(const std::string& text) { std::fwrite(text.data(), 1, text.size(), stdout); }

std::string joined(const std::vector<std::string>& list) {
  std::string text;
  for (const std::string& part : list) text += (text.empty() ? "" : ", ") + part;
  return text;
}

std::string column(std::string text, size_t width) {
  text.resize(std::max(text.size() + 2, width), ' ');
  return text;
}

// Without a configuration the program's own directory is enough.
Result<loader::PluginDirectory> open_directory(const Arguments& arguments) {
  std::vector<std::string> directories = arguments.all("--plugin-dir");
  if (auto options = desired_options(arguments); options) {
    const auto loaded = config::load({options->config_file, {}});
    for (std::string& path : config::host_settings(loaded.root).plugin_dirs) directories.push_back(std::move(path));
  } else if (arguments.has("--config")) {
    return std::move(options).error();
  }
  directories.push_back(loader::default_plugin_directory());
  loader::PluginDirectory directory(std::move(directories));
  directory.scan();
  return directory;
}

void list_json(const loader::PluginDirectory& directory) {
  JsonWriter json;
  json.begin_array();
  for (const loader::PluginFile& file : directory.files()) {
    json.begin_object().key("file").string(file.path);
    const loader::ModuleNote note = file.note.value_or(loader::ModuleNote{});
    json.key("ids").strings(note.ids).key("kinds").strings(note.kinds).key("version").string(note.version);
    json.key("build").string(note.build).key("aliases").strings(note.aliases);
    json.key("abi").string(std::to_string(note.abi_major) + "." + std::to_string(note.abi_minor));
    json.key("refusal").string(file.refusal).key("shadowed").strings(file.shadowed).end_object();
  }
  print(json.end_array().text() + "\n");
}

int list(const Arguments& arguments) {
  auto directory = open_directory(arguments);
  if (!directory) {
    complain(directory.error().message());
    return kFailed;
  }
  if (arguments.has("--json")) {
    list_json(*directory);
    return kOk;
  }
  std::string text = column("PLUGIN", 18) + column("VERSION", 10) + column("KIND", 22) + "FILE\n";
  for (const loader::PluginFile& file : directory->files()) {
    if (!file.refusal.empty()) {
      text += column("-", 18) + column("refused", 10) + file.refusal + "\n";
      continue;
    }
    text += column(joined(file.note->ids), 18) + column(file.note->version, 10) + column(joined(file.note->kinds), 22) + file.path;
    text += (file.shadowed.empty() ? "" : "  (not used: " + joined(file.shadowed) + " is provided by an earlier file)") +
            std::string("\n");
  }
  if (directory->files().empty()) text = "no plugins in " + joined(directory->directories()) + "\n";
  print(text);
  return kOk;
}

// ---- info

std::string type_name(tarsier_key_type type) {
  switch (type) {
    case TARSIER_KEY_STRING:
      return "string";
    case TARSIER_KEY_INT:
      return "integer";
    case TARSIER_KEY_FLOAT:
      return "number";
    case TARSIER_KEY_BOOL:
      return "boolean";
    case TARSIER_KEY_DURATION:
      return "duration";
    case TARSIER_KEY_SIZE:
      return "size";
    case TARSIER_KEY_RATE:
      return "rate";
    default:
      return "table";
  }
}

std::vector<std::string> flags_of(const tarsier_config_key& key) {
  std::vector<std::string> flags;
  if ((key.flags & TARSIER_KEY_REQUIRED) != 0) flags.emplace_back("required");
  if ((key.flags & TARSIER_KEY_SECRET) != 0) flags.emplace_back("secret");
  if ((key.flags & TARSIER_KEY_DEPRECATED) != 0) flags.emplace_back("deprecated");
  if ((key.flags & TARSIER_KEY_RELOADABLE) != 0) flags.emplace_back("reloadable");
  return flags;
}

std::string text_or_empty(const char* text) { return text == nullptr ? "" : text; }

template <class T, class Each>
void for_each(const T* const* list, Each each) {
  for (; list != nullptr && *list != nullptr; ++list) each(**list);
}

std::string info_text(const tarsier_plugin& plugin, const std::string& file) {
  std::string text = std::string(plugin.id) + " " + plugin.version + ": " + plugin.summary + "\n  file    " + file + "\n";
  std::string kinds;
  for (auto kind = plugin.kinds; *kind != nullptr; ++kind) kinds += (kinds.empty() ? "" : ", ") + std::string(*kind);
  text += "  kinds   " + kinds + "\n";
  for_each(plugin.needs, [&](const tarsier_need& need) {
    text += std::string("  needs   ") + need.name + ((need.flags & TARSIER_NEED_OPTIONAL) != 0 ? " (optional)" : "") + "\n";
  });
  for_each(plugin.offers, [&](const tarsier_offer& offer) { text += std::string("  offers  ") + offer.name + "\n"; });
  if (plugin.schema != nullptr && *plugin.schema != nullptr) text += "\nkeys of [plugin.NAME]\n";
  for_each(plugin.schema, [&](const tarsier_config_key& key) {
    std::string type = type_name(key.type);
    if (key.default_value != nullptr) type += " = " + std::string(key.default_value);
    if (key.choices != nullptr) type += " (" + std::string(key.choices) + ")";
    for (const std::string& flag : flags_of(key)) type += " " + flag;
    text += "  " + column(key.path, 30) + column(type, 26) + text_or_empty(key.doc) + "\n";
  });
  const std::string sample = text_or_empty(plugin.sample_toml);
  if (!sample.empty()) text += "\n" + sample + (sample.ends_with('\n') ? "" : "\n");
  return text;
}

std::string info_json(const tarsier_plugin& plugin, const loader::PluginFile& file) {
  JsonWriter json;
  json.begin_object().key("id").string(plugin.id).key("version").string(plugin.version).key("summary").string(plugin.summary);
  json.key("file").string(file.path).key("build").string(file.note->build).key("kinds").begin_array();
  for (auto kind = plugin.kinds; *kind != nullptr; ++kind) json.string(*kind);
  json.end_array().key("needs").begin_array();
  for_each(plugin.needs, [&](const tarsier_need& need) {
    json.begin_object()
        .key("name")
        .string(need.name)
        .key("optional")
        .boolean((need.flags & TARSIER_NEED_OPTIONAL) != 0)
        .end_object();
  });
  json.end_array().key("offers").begin_array();
  for_each(plugin.offers, [&](const tarsier_offer& offer) { json.string(offer.name); });
  json.end_array().key("schema").begin_array();
  for_each(plugin.schema, [&](const tarsier_config_key& key) {
    json.begin_object().key("path").string(key.path).key("type").string(type_name(key.type)).key("flags").strings(flags_of(key));
    json.key("default");
    key.default_value == nullptr ? json.null() : json.string(key.default_value);
    json.key("choices").string(text_or_empty(key.choices)).key("doc").string(text_or_empty(key.doc)).end_object();
  });
  json.end_array().key("sample_toml").string(text_or_empty(plugin.sample_toml)).end_object();
  return json.text() + "\n";
}

int info(const Arguments& arguments) {
  auto directory = open_directory(arguments);
  if (!directory) {
    complain(directory.error().message());
    return kFailed;
  }
  const std::string& wanted = arguments.operands().front();
  std::string id;
  const loader::PluginFile* file = directory->find(wanted, &id);
  if (file == nullptr) {
    const auto ids = directory->ids();
    const std::string close = config::nearest(wanted, ids);
    complain("no plugin \"" + wanted + "\" is installed" + (close.empty() ? "" : "; did you mean \"" + close + "\"?"));
    return kFailed;
  }
  auto module = loader::Module::load(file->path);
  if (!module) {
    complain(module.error().message());
    return kFailed;
  }
  const tarsier_plugin& plugin = *(*module)->find(id);
  print(arguments.has("--json") ? info_json(plugin, *file) : info_text(plugin, file->path));
  return kOk;
}

}  // namespace

const Command kPluginsList = {"plugins list", "", "Lists the plugins that are installed.", kOptions, 0, 0, list};
const Command kPluginsInfo = {
    "plugins info", "ID", "Shows a plugin's keys, needs, offers and a sample section.", kOptions, 1, 1, info};

}  // namespace tarsier::host::cli
