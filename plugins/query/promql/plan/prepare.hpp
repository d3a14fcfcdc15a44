// What must be known before a query runs: offsets and ranges as nanoseconds, @ as times, and which parts are the same at every
// step.
#pragma once

#include <cstdint>
#include <string_view>

#include "plugins/lib/promql/ast.hpp"
#include "plugins/query/promql/plan/time_sum.hpp"
#include "tarsier/result.hpp"

namespace tarsier::promql {

/// The steps at which a query is evaluated; one step when start == end.
struct Grid {
  int64_t start_ns = 0;
  int64_t end_ns = 0;
  int64_t step_ns = 1;

  size_t count() const noexcept { return static_cast<size_t>(distance(start_ns, end_ns) / static_cast<uint64_t>(step_ns)) + 1; }
  int64_t time(size_t step) const noexcept {
    return static_cast<int64_t>(static_cast<uint64_t>(start_ns) + step * static_cast<uint64_t>(step_ns));
  }
  bool operator==(const Grid&) const = default;
};

struct PrepareOptions {
  int64_t start_ns = 0;  // of the query: what start() means
  int64_t end_ns = 0;
  int64_t step_ns = 0;  // 0 for an instant query
};

/// Resolves times in the tree and marks what is step-invariant. INVALID when a duration comes out negative or too large.
Result<void> prepare(std::string_view query, Node& tree, const PrepareOptions& options);

}  // namespace tarsier::promql
