// What is proposed where a cluster is near: in one of its pods, or where somebody has a kubeconfig.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tarsier/suggest.hpp"

namespace tarsier::discover_kubernetes {

constexpr const char* kServiceAccountDir = "/var/run/secrets/kubernetes.io/serviceaccount";

/// For pods and for nodes; none when this is no pod, or one that has no service account's token.
std::vector<Suggestion> suggest_own_cluster(const std::string& service_account_dir);

/// Nothing when the file cannot be used, or nobody listens at the server of its current context. What listens is not asked who it
/// is: that would take TLS.
std::optional<Suggestion> suggest_kubeconfig(const std::string& path);

/// The files that kubectl would read: of $KUBECONFIG, else of the home directory.
std::vector<std::string> kubeconfig_paths();

}  // namespace tarsier::discover_kubernetes
