// The role "ingress": a target for each path of each rule.
#include <algorithm>

#include "plugins/discover/kubernetes/roles/labels.hpp"
#include "plugins/lib/discovery/json_answer.hpp"

namespace tarsier::discover_kubernetes {
namespace {

/// "*.example.org" stands for one label in front, no more.
bool matches(std::string_view pattern, std::string_view host) {
  if (pattern == host) return true;
  const size_t dot = host.find('.');
  if (pattern == "*") return dot == std::string_view::npos;
  return pattern.starts_with("*.") && dot != std::string_view::npos && host.substr(dot) == pattern.substr(1);
}

}  // namespace

void add_ingress_targets(const Object& object, const Attach& attach, Surroundings& around, TargetSink& out) {
  const auto& ingress = std::get<Ingress>(object.body);
  TargetLabels common;
  add_meta(common, "namespace", object.meta.name_space);
  add_meta(common, "ingress_class_name", ingress.class_name);
  add_object(common, "ingress", object.meta);
  add_namespace(common, object.meta.name_space, attach, around);
  for (const IngressRule& rule : ingress.rules) {
    const bool tls =
        std::ranges::any_of(ingress.tls_hosts, [&](const std::string& pattern) { return matches(pattern, rule.host); });
    for (const std::string& path : rule.paths) {
      TargetLabels labels = common;
      discovery::add(labels, "__address__", rule.host);
      add_meta(labels, "ingress_scheme", tls ? "https" : "http");
      add_meta(labels, "ingress_host", rule.host);
      add_meta(labels, "ingress_path", path);
      if (!out.add(std::move(labels))) return;
    }
  }
}

}  // namespace tarsier::discover_kubernetes
