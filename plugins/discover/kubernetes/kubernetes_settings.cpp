#include "plugins/discover/kubernetes/kubernetes_settings.hpp"

#include <algorithm>

namespace tarsier::discover_kubernetes {
namespace {

/// The kinds that a role looks at, and that may so be selected.
std::vector<Kind> kinds_of(Kind role) {
  if (role == Kind::endpoints || role == Kind::endpointslice) return {role, Kind::service, Kind::pod};
  return {role};
}

bool may_select(Kind role, Kind kind) {
  const std::vector<Kind> kinds = kinds_of(role);
  return std::ranges::find(kinds, kind) != kinds.end() || (role == Kind::pod && kind == Kind::node);
}

Result<std::vector<Selector>> read_selectors(const Config& list, Kind role, const std::string& role_name) {
  std::vector<Selector> selectors;
  for (uint64_t i = 0; i < list.size(); ++i) {
    const Config entry = list.at(i);
    const std::string name = entry["role"].string();
    const auto kind = role_named(name);
    if (!kind || !may_select(role, *kind))
      return entry.invalid("a selector of role '" + name + "' does not go with role '" + role_name + "'");
    if (std::ranges::find(selectors, *kind, &Selector::kind) != selectors.end())
      return entry.invalid("there are two selectors of role '" + name + "'");
    selectors.push_back({*kind, entry["label"].string(), entry["field"].string()});
  }
  return selectors;
}

std::string joined(const Attach& attach) {
  std::string text;
  const auto add = [&](bool wanted, const char* name) {
    if (wanted) text.append(text.empty() ? ", with " : " and ").append(name);
  };
  add(attach.node, "nodes");
  add(attach.name_space, "namespaces");
  add(attach.deployment, "deployments");
  add(attach.job, "jobs");
  add(attach.cron_job, "cron jobs");
  return text;
}

}  // namespace

std::string Settings::subject() const {
  std::string text = "the " + std::string(plural(role)) + " of " + access.name();
  for (const std::string& name : namespaces) text += (&name == &namespaces.front() ? " in " : ", ") + name;
  if (own_namespace) text += namespaces.empty() ? " in its own namespace" : " and its own namespace";
  for (const Selector& selector : selectors)
    text += ", " + std::string(plural(selector.kind)) + " with labels '" + selector.label + "' and fields '" + selector.field + "'";
  return text + joined(attach);
}

std::vector<Scope> Settings::scopes(const std::vector<std::string>& in) const {
  std::vector<Scope> scopes;
  const auto add = [&](Kind kind) {
    Scope scope{access, kind, "", "", ""};
    const auto selector = std::ranges::find(selectors, kind, &Selector::kind);
    if (selector != selectors.end()) {
      scope.label_selector = selector->label;
      scope.field_selector = selector->field;
    }
    if (!is_namespaced(kind)) return scopes.push_back(scope);
    for (const std::string& name : in) {
      scope.name_space = name;
      scopes.push_back(scope);
    }
  };
  const bool has_pods = may_select(role, Kind::pod);
  for (const Kind kind : kinds_of(role)) add(kind);
  if (attach.node && has_pods) add(Kind::node);
  if (attach.name_space && role != Kind::node) add(Kind::name_space);
  if (attach.deployment && has_pods) add(Kind::replica_set);
  if (attach.cron_job && has_pods) add(Kind::job);
  return scopes;
}

Result<Settings> read_settings(const Config& entry, const Config& plugin) {
  auto access = read_access(entry, plugin);
  if (!access) return std::move(access).error();
  const auto role = role_named(entry["role"].string());
  if (!role) return entry["role"].invalid("'" + entry["role"].string() + "' is no role");
  auto selectors = read_selectors(entry["selectors"], *role, entry["role"].string());
  if (!selectors) return std::move(selectors).error();
  const Config namespaces = entry["namespaces"], attach = entry["attach_metadata"];
  Settings settings;
  settings.job_name = entry["job_name"].string();
  settings.role = *role;
  settings.access = std::move(*access);
  settings.own_namespace = namespaces["own_namespace"].boolean();
  if (settings.own_namespace && settings.access.from != AccessSource::From::cluster)
    return namespaces["own_namespace"].invalid("own_namespace is of pods: it does not go with api_server or kubeconfig_file");
  for (uint64_t i = 0; i < namespaces["names"].size(); ++i) settings.namespaces.push_back(namespaces["names"].at(i).string());
  settings.selectors = std::move(*selectors);
  settings.attach = {attach["node"].boolean(), attach["namespace"].boolean(), attach["deployment"].boolean(),
                     attach["job"].boolean(), attach["cronjob"].boolean()};
  return settings;
}

}  // namespace tarsier::discover_kubernetes
