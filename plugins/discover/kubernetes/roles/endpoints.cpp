// The role "endpoints": a target for each address and port of a service, and for the other ports of the pods behind it.
#include "plugins/discover/kubernetes/roles/labels.hpp"
#include "plugins/lib/discovery/json_answer.hpp"

namespace tarsier::discover_kubernetes {
namespace {

TargetLabels labels_of(const EndpointAddress& address, const ServicePort& port, bool ready, const TargetLabels& common) {
  TargetLabels labels = common;
  labels.insert_or_assign("__address__", discovery::join_host_port(address.ip, std::to_string(port.number)));
  add_meta(labels, "endpoint_port_name", port.name);
  add_meta(labels, "endpoint_port_protocol", port.protocol);
  add_meta(labels, "endpoint_ready", text_of(ready));
  add_meta(labels, "endpoint_address_target_kind", address.target.kind);
  add_meta(labels, "endpoint_address_target_name", address.target.name);
  add_meta(labels, "endpoint_node_name", address.node);
  add_meta(labels, "endpoint_hostname", address.hostname);
  return labels;
}

}  // namespace

void add_endpoints_targets(const Object& object, const Attach& attach, Surroundings& around, TargetSink& out) {
  TargetLabels common;
  add_meta(common, "namespace", object.meta.name_space);
  if (const ObjectPtr service = around.find(Kind::service, object.meta.name_space, object.meta.name))
    add_service(common, service->meta);
  add_object(common, "endpoints", object.meta);
  add_namespace(common, object.meta.name_space, attach, around);
  PodsBehind pods(attach, around);
  const auto add = [&](const EndpointAddress& address, const ServicePort& port, bool ready) {
    TargetLabels labels = labels_of(address, port, ready, common);
    const bool is_node = address.node.empty() && address.target.kind == "Node";
    if (attach.node) add_node(labels, is_node ? address.target.name : address.node, around);
    pods.add(labels, address.target, port.number, port.protocol, false);
    return out.add(std::move(labels));
  };
  for (const Subset& subset : std::get<Endpoints>(object.body).subsets) {
    for (const ServicePort& port : subset.ports) {
      for (const EndpointAddress& address : subset.ready)
        if (!add(address, port, true)) return;
      for (const EndpointAddress& address : subset.not_ready)
        if (!add(address, port, false)) return;
    }
  }
  pods.add_other_ports(common, out);
}

}  // namespace tarsier::discover_kubernetes
