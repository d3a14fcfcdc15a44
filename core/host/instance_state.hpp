// The states of an instance, as tarsier.control/1 names them, and what they are counted as on /metrics.
#pragma once

#include <cstdint>
#include <string_view>

namespace tarsier::host {

enum class State : uint8_t {
  discovered,
  verified,
  loaded,
  created,
  configured,
  running,
  degraded,
  quiescing,
  stopped,
  failed,
  refused,
  retained,
  disabled
};

constexpr std::string_view name(State state) noexcept {
  constexpr std::string_view kNames[] = {"discovered", "verified", "loaded", "created", "configured", "running", "degraded",
                                         "quiescing",  "stopped",  "failed", "refused", "retained",   "disabled"};
  return kNames[static_cast<size_t>(state)];
}

}  // namespace tarsier::host
