// What changed between two checked configurations: it decides what a reload starts, stops and reconfigures.
#pragma once

#include <string>
#include <vector>

#include "core/config/node.hpp"

namespace tarsier::config {

struct ChangedInstance {
  std::string name;
  std::vector<std::string> keys;  ///< paths of the values that differ: "plugin.node.interval"
};

/// Instances by name, each list in the order of its file. A disabled section counts as absent.
struct Difference {
  std::vector<std::string> added;
  std::vector<std::string> removed;
  std::vector<ChangedInstance> changed;
  std::vector<std::string> unchanged;
  std::vector<std::string> host_keys;  ///< "host.log.level"

  bool empty() const noexcept { return added.empty() && removed.empty() && changed.empty() && host_keys.empty(); }
};

Difference difference(const Node& before, const Node& after);

/// Paths of the values in which two tables differ. An array counts as one value, unless both are arrays of as many tables.
std::vector<std::string> changed_keys(const Node& before, const Node& after);

}  // namespace tarsier::config
