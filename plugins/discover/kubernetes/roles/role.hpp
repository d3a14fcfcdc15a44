// Objects as targets: one file a role, all with the labels that Prometheus has for it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "plugins/discover/kubernetes/api/objects.hpp"
#include "plugins/discover/kubernetes/kubernetes_settings.hpp"
#include "tarsier/discovery.hpp"

namespace tarsier::discover_kubernetes {

/// What else is known of the cluster.
class Surroundings {
 public:
  virtual ~Surroundings() = default;
  /// nullptr when there is none, or when objects of that kind are not looked at.
  virtual ObjectPtr find(Kind kind, const std::string& name_space, const std::string& name) = 0;
};

/// The targets of one object, within limits: a small object may stand for very many, with very long labels.
class TargetSink {
 public:
  static constexpr size_t kMaxTargets = 100'000;
  static constexpr size_t kMaxBytes = size_t{64} << 20U;

  /// False when it is too much: then nothing is added any more.
  bool add(TargetLabels labels);
  bool is_full() const noexcept { return full_; }
  std::vector<TargetLabels>& targets() noexcept { return targets_; }

 private:
  std::vector<TargetLabels> targets_;
  size_t bytes_ = 0;
  bool full_ = false;
};

/// `object` is of the role's kind.
void add_targets(Kind role, const Object& object, const Attach& attach, Surroundings& around, TargetSink& out);

// Each for its role.
void add_node_targets(const Object& object, TargetSink& out);
void add_pod_targets(const Object& object, const Attach& attach, Surroundings& around, TargetSink& out);
void add_service_targets(const Object& object, const Attach& attach, Surroundings& around, TargetSink& out);
void add_endpoints_targets(const Object& object, const Attach& attach, Surroundings& around, TargetSink& out);
void add_endpointslice_targets(const Object& object, const Attach& attach, Surroundings& around, TargetSink& out);
void add_ingress_targets(const Object& object, const Attach& attach, Surroundings& around, TargetSink& out);

}  // namespace tarsier::discover_kubernetes
