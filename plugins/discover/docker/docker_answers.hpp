// What the Docker daemon answers, read: networks, and containers as targets.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tarsier/discovery.hpp"
#include "tarsier/result.hpp"

namespace tarsier::discover_docker {

/// How containers become targets.
struct Shape {
  uint16_t port = 80;                // of containers that expose none
  std::string host_networking_host;  // the address of containers in the host's network
  bool match_first_network = true;
  bool operator==(const Shape&) const = default;
};

/// Labels of networks by id. INVALID for what is not of the expected form, as below.
Result<std::map<std::string, TargetLabels>> parse_networks(std::string_view body);
/// One target for each network of a container and each TCP port that it exposes.
Result<std::vector<TargetLabels>> parse_containers(std::string_view body, const std::map<std::string, TargetLabels>& networks,
                                                   const Shape& shape);

}  // namespace tarsier::discover_docker
