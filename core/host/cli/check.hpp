// check_config: everything that can be known to be wrong with a configuration without starting anything.
#pragma once

#include <memory>

#include "core/host/desired.hpp"

namespace tarsier::host::cli {

struct CheckedConfig {
  Modules modules;
  std::unique_ptr<loader::PluginDirectory> directory;
  Desired desired;
  config::Findings findings;  ///< those of `desired`, and what plugins and their needs add
};

std::unique_ptr<CheckedConfig> check_config(const DesiredOptions& options);

}  // namespace tarsier::host::cli
