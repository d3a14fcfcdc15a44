#include "core/config/host_schema.hpp"

#include <array>
#include <filesystem>

namespace tarsier::config {
namespace {

constexpr tarsier_config_key key(const char* path, tarsier_key_type type, const char* default_value, const char* choices,
                                 const char* doc) {
  return {sizeof(tarsier_config_key), type, 0, 0, path, default_value, choices, doc};
}

constexpr const char* kLevels = "trace|debug|info|warn|error";

constexpr tarsier_config_key kHostKeys[] = {
    key("data_dir", TARSIER_KEY_STRING, "data", nullptr, "where everything that lasts is kept"),
    key("plugin_dirs[]", TARSIER_KEY_STRING, nullptr, nullptr, "drop-in directories of plugins, watched, beside the program's own"),
    key("include[]", TARSIER_KEY_STRING, nullptr, nullptr, "patterns of further configuration files, watched"),
    key("workers", TARSIER_KEY_INT, "0", "0..1024", "threads that run the plugins' work; 0: one for each core"),
    key("storage.durability", TARSIER_KEY_STRING, "interval", "commit|interval",
        "when a write is acknowledged: after its sync, or at once with a sync soon after"),
    key("storage.sync_interval", TARSIER_KEY_DURATION, "100ms", "1ms..1m", "how soon, with durability = \"interval\""),
    key("storage.quota", TARSIER_KEY_SIZE, "0", nullptr, "of all environments together; 0: none"),
    key("storage.min_free", TARSIER_KEY_SIZE, "64MiB", nullptr, "writes are refused while the file system has less"),
    key("log.level", TARSIER_KEY_STRING, "info", kLevels, "the least that is written"),
    key("log.format", TARSIER_KEY_STRING, "auto", "auto|text|json|journal",
        "auto: text on a terminal, the journal under systemd, otherwise JSON"),
    key("log.levels.*", TARSIER_KEY_STRING, nullptr, kLevels, "the level of one instance or plugin"),
};

constexpr tarsier_config_key kInstanceKeys[] = {
    key("use", TARSIER_KEY_STRING, nullptr, nullptr, "the plugin; by default the one that is named as the instance"),
    key("enabled", TARSIER_KEY_BOOL, "true", nullptr, "false: as if the section were not there"),
    key("isolation", TARSIER_KEY_STRING, "none", "none|process", "process: in a child process, which may crash alone"),
    key("restart", TARSIER_KEY_STRING, "on-failure", "on-failure|never", "whether it is started again after it failed"),
    key("memory_limit", TARSIER_KEY_SIZE, "0", nullptr, "of its process, when isolated; 0: none"),
    key("cpu_share", TARSIER_KEY_INT, "100", "1..10000", "weight of its work against that of the others"),
};

template <size_t N>
constexpr std::array<const tarsier_config_key*, N> pointers(const tarsier_config_key (&keys)[N]) {
  std::array<const tarsier_config_key*, N> out{};
  for (size_t i = 0; i < N; ++i) out[i] = &keys[i];
  return out;
}
constexpr auto kHostPointers = pointers(kHostKeys);
constexpr auto kInstancePointers = pointers(kInstanceKeys);

std::string text_at(const Node& node, std::string_view path) {
  const Node* found = node.at_path(path);
  return found != nullptr ? found->text : std::string();
}
int64_t integer_at(const Node& node, std::string_view path) {
  const Node* found = node.at_path(path);
  return found != nullptr ? found->integer : 0;
}

}  // namespace

Keys host_keys() noexcept { return kHostPointers; }
Keys instance_keys() noexcept { return kInstancePointers; }

std::string resolved_path(const Node& node) {
  const std::string base = node.position.source ? node.position.source->directory : std::string();
  if (node.text.empty() || node.text.starts_with('/') || base.empty()) return node.text;
  return (std::filesystem::path(base) / node.text).lexically_normal().string();
}

HostSettings host_settings(const Node& root) {
  HostSettings settings;
  const Node* host = root.find("host");
  if (host == nullptr) return settings;
  if (const Node* dir = host->find("data_dir")) settings.data_dir = resolved_path(*dir);
  if (const Node* dirs = host->find("plugin_dirs")) {
    for (const Node& dir : dirs->children) settings.plugin_dirs.push_back(resolved_path(dir));
  }
  settings.workers = integer_at(*host, "workers");
  settings.durability = text_at(*host, "storage.durability");
  settings.sync_interval_ns = integer_at(*host, "storage.sync_interval");
  settings.quota_bytes = integer_at(*host, "storage.quota");
  settings.min_free_bytes = integer_at(*host, "storage.min_free");
  settings.log_level = text_at(*host, "log.level");
  settings.log_format = text_at(*host, "log.format");
  if (const Node* levels = host->at_path("log.levels")) {
    for (const Node& level : levels->children) settings.log_levels[level.key] = level.text;
  }
  return settings;
}

InstanceSettings instance_settings(const Node& section) {
  InstanceSettings settings;
  settings.name = section.key;
  settings.plugin = plugin_of(section);
  if (const Node* enabled = section.find("enabled")) settings.enabled = enabled->boolean;
  settings.isolation = text_at(section, "isolation");
  settings.restart = text_at(section, "restart");
  settings.memory_limit_bytes = integer_at(section, "memory_limit");
  settings.cpu_share = integer_at(section, "cpu_share");
  return settings;
}

std::vector<const Node*> sections(const Node& root) {
  std::vector<const Node*> out;
  const Node* plugins = root.find("plugin");
  if (plugins == nullptr || !plugins->is_table()) return out;
  for (const Node& section : plugins->children) {
    if (section.is_table()) out.push_back(&section);
  }
  return out;
}

std::string plugin_of(const Node& section) {
  const Node* use = section.find("use");
  return use != nullptr && use->is_string() ? use->text : section.key;
}

}  // namespace tarsier::config
