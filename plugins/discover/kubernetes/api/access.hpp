// How the API server is reached, and by what one is let in: as a pod of the cluster, by a kubeconfig, or as the configuration says.
#pragma once

#include <string>

#include "plugins/lib/discovery/http_options.hpp"

namespace tarsier::discover_kubernetes {

struct Access {
  std::string server;  // "https://10.96.0.1:443", with no slash at the end
  discovery::HttpOptions http;
  bool operator==(const Access&) const = default;
};

/// Where it is written.
struct AccessSource {
  enum class From : uint8_t { cluster, kubeconfig, settings };
  From from = From::cluster;
  std::string path;  // the folder of the service account, or the kubeconfig
  Access settings;
  bool operator==(const AccessSource&) const = default;

  /// "this cluster", "the cluster of /root/.kube/config", "https://api.example:6443"
  std::string name() const;
  /// [work] As it is now: files may have changed. UNAVAILABLE or INVALID: what is not there, or not as it should be.
  Result<Access> read() const;
  /// The namespace that this pod is in.
  Result<std::string> own_namespace() const;
};

/// Of a configuration and the plugin's keys; INVALID with the place in the file.
Result<AccessSource> read_access(const Config& entry, const Config& plugin);

}  // namespace tarsier::discover_kubernetes
