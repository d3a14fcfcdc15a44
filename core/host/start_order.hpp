// StartOrder: in which order instances start, from what each needs and offers. What cannot start is named: a missing need, a cycle.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "tarsier/abi/module.h"

namespace tarsier::host {

struct StartNode {
  std::string instance;
  std::string plugin;
  std::string file;  ///< of the plugin, for messages
  std::vector<std::string> needs;
  std::vector<std::string> wishes;  ///< optional needs: they order the start where they can
  std::vector<std::string> offers;
};

/// The lists of a descriptor.
StartNode start_node(std::string instance, std::string file, const tarsier_plugin& plugin);

struct StartOrder {
  /// Indices of the nodes; those of one level depend only on earlier levels, and may start at the same time.
  std::vector<std::vector<size_t>> levels;
  struct Refusal {
    size_t node;
    std::string reason;
  };
  std::vector<Refusal> refused;  ///< by missing needs, cycles, and needs that only refused ones offer
  /// For each node, the nodes that offer what it needs or wishes.
  std::vector<std::vector<size_t>> providers;
};

StartOrder order_start(const std::vector<StartNode>& nodes);

}  // namespace tarsier::host
