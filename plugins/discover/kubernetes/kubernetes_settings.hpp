// One configuration of discover-kubernetes.
#pragma once

#include <string>
#include <vector>

#include "plugins/discover/kubernetes/api/api_client.hpp"

namespace tarsier::discover_kubernetes {

struct Attach {
  bool node = false, name_space = false, deployment = false, job = false, cron_job = false;
  bool operator==(const Attach&) const = default;
};

struct Selector {
  Kind kind = Kind::pod;
  std::string label, field;
  bool operator==(const Selector&) const = default;
};

struct Settings {
  std::string job_name;
  Kind role = Kind::pod;
  AccessSource access;
  bool own_namespace = false;
  std::vector<std::string> namespaces;
  std::vector<Selector> selectors;
  Attach attach;
  bool operator==(const Settings&) const = default;

  /// Everything that decides what is found.
  std::string subject() const;
  /// What has to be looked at in these namespaces ({""}: all of them).
  std::vector<Scope> scopes(const std::vector<std::string>& in) const;
};

/// INVALID with the place in the file.
Result<Settings> read_settings(const Config& entry, const Config& plugin);

}  // namespace tarsier::discover_kubernetes
