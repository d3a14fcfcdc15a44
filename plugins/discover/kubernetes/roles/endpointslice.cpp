// The role "endpointslice": a target for each address and port of a slice, and for the other ports of the pods behind it.
#include "plugins/discover/kubernetes/roles/labels.hpp"
#include "plugins/lib/discovery/json_answer.hpp"

namespace tarsier::discover_kubernetes {
namespace {

void add_flag(TargetLabels& labels, std::string_view name, const std::optional<bool>& value) {
  if (value) add_meta(labels, name, text_of(*value));
}

void add_port(TargetLabels& labels, const SlicePort& port) {
  add_meta(labels, "endpointslice_port_name", port.name);
  add_meta(labels, "endpointslice_port_protocol", port.protocol);
  if (port.number) add_meta(labels, "endpointslice_port", std::to_string(*port.number));
  add_meta(labels, "endpointslice_port_app_protocol", port.app_protocol);
}

void add_endpoint(TargetLabels& labels, const SliceEndpoint& endpoint) {
  add_flag(labels, "endpointslice_endpoint_conditions_ready", endpoint.ready);
  add_flag(labels, "endpointslice_endpoint_conditions_serving", endpoint.serving);
  add_flag(labels, "endpointslice_endpoint_conditions_terminating", endpoint.terminating);
  add_meta(labels, "endpointslice_endpoint_hostname", endpoint.hostname);
  add_meta(labels, "endpointslice_address_target_kind", endpoint.target.kind);
  add_meta(labels, "endpointslice_address_target_name", endpoint.target.name);
  add_meta(labels, "endpointslice_endpoint_node_name", endpoint.node);
  add_meta(labels, "endpointslice_endpoint_zone", endpoint.zone);
  for (const auto& [key, value] : endpoint.topology) {
    discovery::add(labels, discovery::label_name(meta("endpointslice_endpoint_topology_"), key), value);
    labels.insert_or_assign(discovery::label_name(meta("endpointslice_endpoint_topology_present_"), key), "true");
  }
}

}  // namespace

void add_endpointslice_targets(const Object& object, const Attach& attach, Surroundings& around, TargetSink& out) {
  const auto& slice = std::get<EndpointSlice>(object.body);
  TargetLabels common;
  add_meta(common, "namespace", object.meta.name_space);
  add_meta(common, "endpointslice_address_type", slice.address_type);
  add_object(common, "endpointslice", object.meta);
  const std::string service_name(object.meta.label("kubernetes.io/service-name"));
  if (!service_name.empty()) {
    if (const ObjectPtr service = around.find(Kind::service, object.meta.name_space, service_name)) {
      add_service(common, service->meta);
      // The slice of the other family would be the same targets once more.
      const std::string& family = std::get<Service>(service->body).primary_family;
      if (!family.empty() && family != slice.address_type) return;
    }
  }
  add_namespace(common, object.meta.name_space, attach, around);
  PodsBehind pods(attach, around);
  for (const SliceEndpoint& endpoint : slice.endpoints) {
    TargetLabels of_endpoint = common;
    add_endpoint(of_endpoint, endpoint);
    if (attach.node) add_node(of_endpoint, endpoint.target.kind == "Node" ? endpoint.target.name : endpoint.node, around);
    for (const SlicePort& port : slice.ports) {
      for (const std::string& address : endpoint.addresses) {
        TargetLabels labels = of_endpoint;
        labels.insert_or_assign("__address__",
                                port.number ? discovery::join_host_port(address, std::to_string(*port.number)) : address);
        add_port(labels, port);
        pods.add(labels, endpoint.target, port.number, port.protocol, true);
        if (!out.add(std::move(labels))) return;
      }
    }
  }
  pods.add_other_ports(common, out);
}

}  // namespace tarsier::discover_kubernetes
