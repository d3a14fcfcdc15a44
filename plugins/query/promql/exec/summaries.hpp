// Series of which old samples are summaries (tarsier_series, tier_ns): what functions make of them. Series without summaries never
// come here.
#pragma once

#include "plugins/query/promql/exec/window.hpp"
#include "tarsier/service/samples_store.h"

namespace tarsier::promql {

inline bool has_summaries(const tarsier_series& series) noexcept { return TARSIER_HAS(&series, drops) && series.tier_ns != 0; }

/// What a range function makes of summaries.
struct SummaryKernel {
  WindowFunction function = nullptr;
  bool joins = false;          // needs a change, so the summary before the window, too
  const char* note = nullptr;  // what is not true of the answer; null: it is exact
};
/// `plain`: what the function does with samples.
SummaryKernel summary_kernel_of(FunctionId id, const WindowKernel& plain);

/// The samples of such a series without staleness markers, and where its summaries end.
class SummedSamples {
 public:
  explicit SummedSamples(const tarsier_series& series);

  int64_t tier_ns() const noexcept { return tier_ns_; }
  size_t count() const noexcept { return times_.size(); }
  const std::vector<int64_t>& times() const noexcept { return times_; }
  const Column& values() const noexcept { return values_; }
  SummaryColumns from(size_t row) const noexcept {
    return {counts_.data() + row, sums_.data() + row, mins_.data() + row, maxs_.data() + row, drops_.data() + row};
  }
  /// The last sample that sums up several; every sample behind it stands for itself. INT64_MIN: there is none.
  int64_t last_sum_ns() const noexcept { return last_sum_ns_; }

 private:
  int64_t tier_ns_;
  int64_t last_sum_ns_ = INT64_MIN;
  std::vector<int64_t> times_;
  Column values_, counts_, sums_, mins_, maxs_, drops_;
};

/// As run_windows(), over summaries: where there are any, windows are as long as they at least.
bool run_summed_windows(const QueryContext& context, const WindowPlan& plan, const WindowKernel& plain, const SummaryKernel& summed,
                        const KernelArguments& arguments, const SummedSamples& samples, Column& out);

/// The newest sample of each step's lookback window, which is longer where there are summaries; a staleness marker means none.
/// `timestamps`: their times instead of their values. Returns whether any step has one.
bool look_back_summed(const WindowPlan& plan, const tarsier_series& series, bool timestamps, Column& out);

}  // namespace tarsier::promql
