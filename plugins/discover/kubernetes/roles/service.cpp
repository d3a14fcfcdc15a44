// The role "service": a target for each port, at the service's name in the cluster's DNS.
#include "plugins/discover/kubernetes/roles/labels.hpp"
#include "plugins/lib/discovery/json_answer.hpp"

namespace tarsier::discover_kubernetes {

void add_service_targets(const Object& object, const Attach& attach, Surroundings& around, TargetSink& out) {
  const auto& service = std::get<Service>(object.body);
  TargetLabels common;
  add_service(common, object.meta);
  add_namespace(common, object.meta.name_space, attach, around);
  add_meta(common, "service_type", service.type);
  if (service.type == "ExternalName") {
    add_meta(common, "service_external_name", service.external_name);
  } else {
    add_meta(common, "service_cluster_ip", service.cluster_ip);
  }
  if (service.type == "LoadBalancer") add_meta(common, "service_loadbalancer_ip", service.load_balancer_ip);
  const std::string host = object.meta.name + "." + object.meta.name_space + ".svc";
  for (const ServicePort& port : service.ports) {
    TargetLabels labels = common;
    const std::string number = std::to_string(port.number);
    labels.insert_or_assign("__address__", discovery::join_host_port(host, number));
    add_meta(labels, "service_port_name", port.name);
    add_meta(labels, "service_port_number", number);
    add_meta(labels, "service_port_protocol", port.protocol);
    if (!out.add(std::move(labels))) return;
  }
}

}  // namespace tarsier::discover_kubernetes
