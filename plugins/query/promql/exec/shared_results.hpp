// What the common parts of a query came to (plan/common_parts.hpp), kept until the last place that wants it has it. Used by the
// thread that evaluates.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "plugins/query/promql/exec/sample_counts.hpp"
#include "plugins/query/promql/exec/value.hpp"
#include "plugins/query/promql/plan/prepare.hpp"

namespace tarsier::promql {

class SharedResults {
 public:
  /// `places`: where each part is wanted, by number less one.
  explicit SharedResults(std::vector<uint32_t> places);

  uint32_t places(uint32_t part) const noexcept { return parts_[part - 1].places; }
  /// For the next place: what was kept, with the samples of its windows counted anew, as the original counts them. Nothing when the
  /// part is to be evaluated: for the first time, at other steps than it was, or because there is no room for a copy.
  Result<std::optional<Vector>> take(QueryContext& context, uint32_t part, const Grid& grid);
  /// True when a copy was kept for places to come: not when there are none, or no room. `counts`: of its evaluation, null when none
  /// are wanted.
  Result<bool> keep(QueryContext& context, uint32_t part, const Grid& grid, const Vector& result,
                    std::unique_ptr<SampleCounts> counts);

 private:
  struct Part {
    uint32_t places = 0;
    uint32_t left = 0;  // that have not asked yet
    Grid grid;
    std::optional<Vector> result;
    std::unique_ptr<SampleCounts> counts;
  };
  std::vector<Part> parts_;
};

}  // namespace tarsier::promql
