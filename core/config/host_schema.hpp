// The host's own configuration: the keys of [host], and those that every [plugin.NAME] takes beside its plugin's.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/config/node.hpp"
#include "core/config/schema.hpp"

namespace tarsier::config {

Keys host_keys() noexcept;
/// use, enabled, isolation, restart, memory_limit, cpu_share.
Keys instance_keys() noexcept;

/// [host], checked. Paths are resolved against the file that they were written in.
struct HostSettings {
  std::string data_dir;
  std::vector<std::string> plugin_dirs;
  int64_t workers = 0;  ///< 0: as many as there are cores
  std::string durability;
  int64_t sync_interval_ns = 0;
  int64_t quota_bytes = 0;  ///< 0: none
  int64_t min_free_bytes = 0;
  std::string log_level;
  std::string log_format;
  std::map<std::string, std::string> log_levels;  ///< instance or plugin -> level
};
HostSettings host_settings(const Node& root);

/// The keys of one checked [plugin.NAME] that are the host's.
struct InstanceSettings {
  std::string name;
  std::string plugin;  ///< what `use` says, or the name
  bool enabled = true;
  std::string isolation;
  std::string restart;
  int64_t memory_limit_bytes = 0;  ///< 0: none
  int64_t cpu_share = 100;
};
InstanceSettings instance_settings(const Node& section);

/// The tables below [plugin], in the order of the files.
std::vector<const Node*> sections(const Node& root);
/// The id (or former id) of a section's plugin. Works on an unchecked tree too.
std::string plugin_of(const Node& section);

/// The path that a string node names, relative to the file that it was written in.
std::string resolved_path(const Node& node);

}  // namespace tarsier::config
