// A kubeconfig: the cluster and the user of its current context.
#pragma once

#include <string>
#include <string_view>

#include "plugins/discover/kubernetes/api/access.hpp"

namespace tarsier::discover_kubernetes {

/// `folder` is what relative paths in it begin at. INVALID for what is not of that form, and for users whose credentials come from
/// a program (exec, auth-provider).
Result<Access> parse_kubeconfig(std::string_view text, const std::string& folder);

}  // namespace tarsier::discover_kubernetes
