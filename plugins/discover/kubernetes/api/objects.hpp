// Objects of the API, with no more of each than discovery needs: managed fields, specs of volumes and the like are not kept.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <boost/json/object.hpp>

#include "plugins/discover/kubernetes/api/resource.hpp"

namespace tarsier::discover_kubernetes {

using Pairs = std::vector<std::pair<std::string, std::string>>;

struct Meta {
  std::string name_space, name, uid, version;
  Pairs labels, annotations;
  std::string controller_kind, controller_name;  // "" when nothing controls it

  /// What it is known by in its kind: "default/web", "node7".
  std::string key() const { return name_space.empty() ? name : name_space + "/" + name; }
  /// "" when it has none of that name.
  std::string_view label(std::string_view wanted) const;
};

struct Node {
  std::string provider_id;
  Pairs conditions, addresses;  // type and status, type and address
  int64_t kubelet_port = 0;
};

struct ContainerPort {
  std::string name, protocol;
  int64_t number = 0;
};
struct Container {
  std::string name, image, id;
  bool init = false;
  std::vector<ContainerPort> ports;
};
struct Pod {
  std::string ip, host_ip, phase, node;
  std::string ready = "unknown";
  std::vector<Container> containers;  // then the init containers
};

struct ServicePort {
  std::string name, protocol;
  int64_t number = 0;
};
struct Service {
  std::string type, cluster_ip, external_name, load_balancer_ip;
  std::string primary_family;  // "IPv4" of one that may have both; else ""
  std::vector<ServicePort> ports;
};

/// What stands behind an address. `kind` is "" for nothing.
struct TargetRef {
  std::string kind, name_space, name;
};

struct EndpointAddress {
  std::string ip, hostname, node;
  TargetRef target;
};
struct Subset {
  std::vector<EndpointAddress> ready, not_ready;
  std::vector<ServicePort> ports;
};
struct Endpoints {
  std::vector<Subset> subsets;
};

struct SlicePort {
  std::string name, protocol, app_protocol;
  std::optional<int64_t> number;
};
struct SliceEndpoint {
  std::vector<std::string> addresses;
  std::optional<bool> ready, serving, terminating;
  std::string hostname, node, zone;
  TargetRef target;
  Pairs topology;
};
struct EndpointSlice {
  std::string address_type;
  std::vector<SlicePort> ports;
  std::vector<SliceEndpoint> endpoints;
};

struct IngressRule {
  std::string host;
  std::vector<std::string> paths;
};
struct Ingress {
  std::string class_name;
  std::vector<std::string> tls_hosts;
  std::vector<IngressRule> rules;
};

struct Object {
  Meta meta;
  /// Of kinds that are only joined by name, labels and owner: nothing more.
  std::variant<std::monostate, Node, Pod, Service, Endpoints, EndpointSlice, Ingress> body;
};
using ObjectPtr = std::shared_ptr<const Object>;

/// Throws what Boost.JSON throws for a value of another type than expected, and std::invalid_argument for an object without a name.
ObjectPtr read_object(Kind kind, const boost::json::object& json);

}  // namespace tarsier::discover_kubernetes
