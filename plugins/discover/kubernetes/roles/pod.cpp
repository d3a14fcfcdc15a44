// The role "pod": a target for each port of each container, and one without a port for a container that has none.
#include "plugins/discover/kubernetes/roles/labels.hpp"
#include "plugins/lib/discovery/json_answer.hpp"

namespace tarsier::discover_kubernetes {

void add_pod_targets(const Object& object, const Attach& attach, Surroundings& around, TargetSink& out) {
  const auto& pod = std::get<Pod>(object.body);
  if (pod.ip.empty()) return;  // it begins, or was evicted
  TargetLabels common;
  add_pod(common, object.meta, pod, attach, around);
  add_meta(common, "namespace", object.meta.name_space);
  if (attach.node && !add_node(common, pod.node, around)) return;  // its node is not among those that were selected
  add_namespace(common, object.meta.name_space, attach, around);
  for (const Container& container : pod.containers) {
    TargetLabels labels = common;
    add_meta(labels, "pod_container_id", container.id);
    if (container.ports.empty()) {
      labels.insert_or_assign("__address__", pod.ip);
      add_meta(labels, "pod_container_name", container.name);
      add_meta(labels, "pod_container_image", container.image);
      add_meta(labels, "pod_container_init", text_of(container.init));
      if (!out.add(std::move(labels))) return;
      continue;
    }
    for (const ContainerPort& port : container.ports) {
      TargetLabels target = labels;
      target.insert_or_assign("__address__", discovery::join_host_port(pod.ip, std::to_string(port.number)));
      add_container_port(target, container, port, port.protocol);
      if (!out.add(std::move(target))) return;
    }
  }
}

}  // namespace tarsier::discover_kubernetes
