// The kinds of objects that are looked at, and where the API has them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tarsier::discover_kubernetes {

enum class Kind : uint8_t { node, pod, service, endpoints, endpointslice, ingress, name_space, replica_set, job };

/// "pods"; as in URLs, and for messages.
std::string_view plural(Kind kind);
bool is_namespaced(Kind kind);
/// "/api/v1/namespaces/default/pods"; of all namespaces when that is "".
std::string path_of(Kind kind, std::string_view name_space);
/// By the name that Prometheus' configuration has for a role: "endpointslice".
std::optional<Kind> role_named(std::string_view name);

}  // namespace tarsier::discover_kubernetes
