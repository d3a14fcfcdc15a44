#include "plugins/discover/kubernetes/api/resource.hpp"

#include <array>

#include "plugins/lib/discovery/http_options.hpp"
#include "tarsier/result.hpp"

namespace tarsier::discover_kubernetes {
namespace {

struct Resource {
  Kind kind;
  std::string_view role;  // "" for kinds that are only joined
  std::string_view group, plural;
  bool namespaced;
};

constexpr std::array kResources = {
    Resource{Kind::node, "node", "/api/v1", "nodes", false},
    Resource{Kind::pod, "pod", "/api/v1", "pods", true},
    Resource{Kind::service, "service", "/api/v1", "services", true},
    Resource{Kind::endpoints, "endpoints", "/api/v1", "endpoints", true},
    Resource{Kind::endpointslice, "endpointslice", "/apis/discovery.k8s.io/v1", "endpointslices", true},
    Resource{Kind::ingress, "ingress", "/apis/networking.k8s.io/v1", "ingresses", true},
    Resource{Kind::name_space, "", "/api/v1", "namespaces", false},
    Resource{Kind::replica_set, "", "/apis/apps/v1", "replicasets", true},
    Resource{Kind::job, "", "/apis/batch/v1", "jobs", true},
};

const Resource& resource(Kind kind) {
  for (const Resource& each : kResources)
    if (each.kind == kind) return each;
  bug("a kind of objects that is none");
}

}  // namespace

std::string_view plural(Kind kind) { return resource(kind).plural; }

bool is_namespaced(Kind kind) { return resource(kind).namespaced; }

std::string path_of(Kind kind, std::string_view name_space) {
  const Resource& found = resource(kind);
  std::string path(found.group);
  if (found.namespaced && !name_space.empty()) path.append("/namespaces/").append(discovery::percent_encode(name_space));
  return path.append("/").append(found.plural);
}

std::optional<Kind> role_named(std::string_view name) {
  for (const Resource& each : kResources)
    if (!name.empty() && each.role == name) return each.kind;
  return std::nullopt;
}

}  // namespace tarsier::discover_kubernetes
