// The role "node": one target each, the kubelet, with its name as the label `instance`.
#include "plugins/discover/kubernetes/roles/labels.hpp"
#include "plugins/lib/discovery/json_answer.hpp"

namespace tarsier::discover_kubernetes {
namespace {

/// The first address of the best type.
std::string address_of(const Node& node) {
  for (const std::string_view wanted : {"InternalIP", "InternalDNS", "ExternalIP", "ExternalDNS", "LegacyHostIP", "Hostname"})
    for (const auto& [type, address] : node.addresses)
      if (type == wanted) return address;
  return {};
}

}  // namespace

void add_node_targets(const Object& object, TargetSink& out) {
  const auto& node = std::get<Node>(object.body);
  const std::string address = address_of(node);
  if (address.empty()) return;
  TargetLabels labels;
  add_meta(labels, "node_provider_id", node.provider_id);
  for (const auto& [type, status] : node.conditions)
    discovery::add(labels, discovery::label_name(meta("node_condition_"), type), status);
  add_object(labels, "node", object.meta);
  for (const auto& [type, its] : node.addresses)
    if (!its.empty()) labels.try_emplace(discovery::label_name(meta("node_address_"), type), its);
  labels.insert_or_assign("__address__", discovery::join_host_port(address, std::to_string(node.kubelet_port)));
  labels.insert_or_assign("instance", object.meta.name);
  out.add(std::move(labels));
}

}  // namespace tarsier::discover_kubernetes
