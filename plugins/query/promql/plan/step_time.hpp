// When a step of a range query is. Steps are up to 292 years long, so that a product of them may be more than int64 holds where the
// time is not.
#pragma once

#include <cstdint>

namespace tarsier::promql {

constexpr int64_t step_time(int64_t start_ns, int64_t step_ns, uint64_t index) noexcept {
  return static_cast<int64_t>(static_cast<uint64_t>(start_ns) + index * static_cast<uint64_t>(step_ns));
}

}  // namespace tarsier::promql
