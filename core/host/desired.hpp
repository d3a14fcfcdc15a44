// Desired: what the configuration files and the plugin directories together ask for: a checked tree, and a spec for each instance.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/config/finding.hpp"
#include "core/config/host_schema.hpp"
#include "core/host/instance_spec.hpp"
#include "core/host/modules.hpp"
#include "core/loader/plugin_directory.hpp"

namespace tarsier::host {

class Lifecycle;

struct DesiredOptions {
  std::string config_file;
  std::vector<std::string> overrides;    ///< "KEY=VALUE"
  std::vector<std::string> plugin_dirs;  ///< before those of the configuration
  std::string default_plugin_dir;        ///< after them
  bool private_copies = false;           ///< plugins run: their files are mapped from copies in the data directory
};

struct Desired {
  std::shared_ptr<const tarsier_config_node> root;
  config::HostSettings settings;
  std::vector<InstanceSpec> specs;
  std::vector<std::string> files;        ///< that were read
  std::vector<std::string> watched;      ///< directories where more may appear
  std::vector<std::string> plugin_dirs;  ///< all, in order of precedence
  config::Findings findings;             ///< with an error among them nothing of it may be used
  bool ok() const noexcept { return !config::has_errors(findings); }
};

/// Reads the files, scans the plugin directories (`directory` is made anew when they changed), loads the plugins that are used, and
/// checks every section against its plugin's schema. A section whose plugin cannot be used has a refusal, which is no finding; when
/// it is among those of `running`, and it is only the file that cannot be used now, it keeps the version that runs.
Desired read_desired(const DesiredOptions& options, std::unique_ptr<loader::PluginDirectory>& directory, Modules& modules,
                     const Lifecycle* running = nullptr);

/// The refusals of enabled specs as findings, for `tarsier check`.
config::Findings refusals(const Desired& desired);

}  // namespace tarsier::host
