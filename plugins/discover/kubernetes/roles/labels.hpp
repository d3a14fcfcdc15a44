// Labels that several roles give: of any object, of what is joined, of pods and their ports.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/discover/kubernetes/roles/role.hpp"

namespace tarsier::discover_kubernetes {

/// "__meta_kubernetes_pod_ip"
std::string meta(std::string_view name);
/// Adds __meta_kubernetes_<name>, unless the value is "".
void add_meta(TargetLabels& labels, std::string_view name, std::string value);
std::string text_of(bool value);

/// <what>_label_*, <what>_labelpresent_*, <what>_annotation_*, <what>_annotationpresent_*
void add_families(TargetLabels& labels, std::string_view what, const Meta& from);
/// The same, with the object's name.
void add_object(TargetLabels& labels, std::string_view what, const Meta& from);
/// What attach_metadata asks for; false when there is no such node.
bool add_node(TargetLabels& labels, const std::string& name, Surroundings& around);
void add_namespace(TargetLabels& labels, const std::string& name, const Attach& attach, Surroundings& around);
/// The service's own labels, without those of its ports.
void add_service(TargetLabels& labels, const Meta& service);

void add_pod(TargetLabels& labels, const Meta& from, const Pod& pod, const Attach& attach, Surroundings& around);
/// Of a port; `protocol` is that of who names it.
void add_container_port(TargetLabels& labels, const Container& container, const ContainerPort& port, std::string_view protocol);

/// The pods behind the addresses of a service. They have ports that no address names: those become targets as well.
class PodsBehind {
 public:
  PodsBehind(const Attach& attach, Surroundings& around) : attach_(attach), around_(around) {}
  /// Adds the labels of the pod that the address is of, and of its container that has the port, if there is one.
  /// `own_protocol`: the container's word counts, not the address'.
  void add(TargetLabels& labels, const TargetRef& target, const std::optional<int64_t>& port, std::string_view protocol,
           bool own_protocol);
  /// With `common`, the labels that all targets of the object have.
  void add_other_ports(const TargetLabels& common, TargetSink& out) const;

 private:
  struct Seen {
    ObjectPtr object;
    std::set<int64_t> ports;
  };
  const Attach& attach_;
  Surroundings& around_;
  std::vector<Seen> seen_;               // in order
  std::map<std::string, size_t> index_;  // by key
};

}  // namespace tarsier::discover_kubernetes
