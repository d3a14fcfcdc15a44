// What the host says of itself, for the paths that pass it on.
#pragma once

#include <optional>
#include <string>

#include "tarsier/host.hpp"

namespace tarsier::promql {

/// The whole text of one of the calls of tarsier_control that write.
std::string told_by(const Host& host, void (*write)(const tarsier_host*, tarsier_sink));

struct HostState {
  std::string version, revision, compiler, built;
  std::string started_at, config_loaded_at;
  std::optional<bool> config_ok;  // an older host does not say

  static Result<HostState> of(const Host& host);
};

}  // namespace tarsier::promql
