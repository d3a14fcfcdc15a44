// Checks a whole configuration: [host], and each [plugin.NAME] against the schema of the plugin that it uses.
#pragma once

#include <span>
#include <string>

#include "core/config/finding.hpp"
#include "core/config/node.hpp"
#include "core/config/schema.hpp"

namespace tarsier::config {

/// One installed plugin; the keys outlive the check.
struct KnownPlugin {
  std::string id;
  Keys keys;
};

/// [host] alone, and that there is nothing beside host and plugin. Makes [host] where it is missing, so that defaults hold.
void check_host(Node& root, Findings& findings);

/// One section, whose plugin's own keys are given.
void check_instance(Node& section, Keys plugin_keys, Findings& findings);

/// Everything. A section of a plugin that is not installed is an error, unless it is disabled; its values count as secret.
void check_tree(Node& root, std::span<const KnownPlugin> plugins, Findings& findings);

}  // namespace tarsier::config
