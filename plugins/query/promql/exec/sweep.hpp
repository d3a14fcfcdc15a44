// Sweep: which of many series may have something at a step, for who goes through the steps in their order. Series that come and go
// cost something when they do; where all are there at all steps, a step costs one comparison.
#pragma once

#include <span>
#include <vector>

#include "plugins/query/promql/exec/value.hpp"

namespace tarsier::promql {

class Sweep {
 public:
  Sweep() = default;
  /// Of all of them.
  explicit Sweep(const std::vector<Series>& series);
  /// Begins anew, with these of them, in ascending order. `series` outlives the sweep.
  void begin(const std::vector<Series>& series, std::span<const uint32_t> members);
  /// Those whose stretch has the step, in ascending order. `step`: never less than before.
  std::span<const uint32_t> at(size_t step) {
    if (step >= next_change_) change(step);
    return active_;
  }

 private:
  void begin();
  void change(size_t step);

  const std::vector<Series>* series_ = nullptr;
  std::vector<uint32_t> waiting_;  // by their first step; those before next_ have come
  size_t next_ = 0;
  std::vector<uint32_t> active_;
  size_t next_change_ = 0;
};

}  // namespace tarsier::promql
