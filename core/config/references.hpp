// Values that name an instance: keys whose choices are "@SERVICE" take the names of those that offer the service.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "core/config/finding.hpp"

namespace tarsier::config {

/// One section of the configuration, as others may refer to it.
struct Provider {
  std::string instance;
  bool enabled = true;
  bool known = true;  ///< false: its plugin is not there, so nobody can say what it offers
  std::vector<std::string> offers;
};

/// Each such value of a checked section that names none of `providers`. Defaults are left alone: nobody has written them.
void check_references(const Node& section, std::span<const Provider> providers, Findings& findings);

}  // namespace tarsier::config
