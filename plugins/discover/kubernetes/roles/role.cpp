#include "plugins/discover/kubernetes/roles/role.hpp"

namespace tarsier::discover_kubernetes {

bool TargetSink::add(TargetLabels labels) {
  for (const auto& [name, value] : labels) bytes_ += name.size() + value.size();
  full_ = full_ || targets_.size() >= kMaxTargets || bytes_ > kMaxBytes;
  if (!full_) targets_.push_back(std::move(labels));
  return !full_;
}

void add_targets(Kind role, const Object& object, const Attach& attach, Surroundings& around, TargetSink& out) {
  switch (role) {
    case Kind::node:
      return add_node_targets(object, out);
    case Kind::pod:
      return add_pod_targets(object, attach, around, out);
    case Kind::service:
      return add_service_targets(object, attach, around, out);
    case Kind::endpoints:
      return add_endpoints_targets(object, attach, around, out);
    case Kind::endpointslice:
      return add_endpointslice_targets(object, attach, around, out);
    case Kind::ingress:
      return add_ingress_targets(object, attach, around, out);
    case Kind::name_space:
    case Kind::replica_set:
    case Kind::job:
      break;
  }
  bug("a role that is none");
}

}  // namespace tarsier::discover_kubernetes
