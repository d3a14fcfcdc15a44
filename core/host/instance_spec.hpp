// InstanceSpec: what the configuration says of one instance, checked against its plugin's schema.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "core/loader/module.hpp"
#include "tarsier/abi/module.h"

namespace tarsier::host {

enum class RestartPolicy : uint8_t {
  on_failure,  ///< with backoff; the default
  never        ///< a failed instance stays failed until its configuration or its file changes
};

struct InstanceSpec {
  std::string name;
  std::string use;  ///< the plugin's id, or a former one
  bool enabled = true;
  RestartPolicy restart = RestartPolicy::on_failure;
  uint32_t cpu_share = 100;

  /// Where the plugin is; empty when `refusal` says why there is none.
  std::shared_ptr<loader::Module> module;
  const tarsier_plugin* plugin = nullptr;
  std::string refusal;
  /// Why the plugin's file, which has changed, cannot be used: `module` is the earlier version, which runs on. Otherwise empty.
  std::string refused_file;

  /// Its own table, checked against the schema.
  std::shared_ptr<const tarsier_config_node> node;
};

}  // namespace tarsier::host
