#include "plugins/query/promql/exec/summaries.hpp"

#include <algorithm>

#include "plugins/query/promql/exec/numeric.hpp"
#include "plugins/query/promql/exec/query_context.hpp"

namespace tarsier::promql {
namespace {

constexpr size_t kRowsBetweenQuestions = size_t{1} << 18U;

/// The last that sums up several.
size_t end_of_sums(const double* counts, size_t count) {
  while (count != 0 && counts[count - 1] <= 1) --count;
  return count;
}

}  // namespace

SummedSamples::SummedSamples(const tarsier_series& series) : tier_ns_(series.tier_ns) {
  for (size_t i = 0; i < series.sample_count; ++i) {
    if (is_absent(series.values[i])) continue;
    times_.push_back(series.times_ns[i]);
    values_.push_back(series.values[i]);
    counts_.push_back(series.counts[i]);
    sums_.push_back(series.sums[i]);
    mins_.push_back(series.mins[i]);
    maxs_.push_back(series.maxs[i]);
    drops_.push_back(series.drops[i]);
  }
  if (const size_t sums = end_of_sums(counts_.data(), counts_.size()); sums != 0) last_sum_ns_ = times_[sums - 1];
}

bool run_summed_windows(const QueryContext& context, const WindowPlan& plan, const WindowKernel& plain, const SummaryKernel& summed,
                        const KernelArguments& arguments, const SummedSamples& samples, Column& out) {
  const size_t steps = plan.grid.count();
  out.resize(steps);
  std::vector<double> scratch;
  StepArguments at_step;
  at_step.scratch = &scratch;
  const auto& times = samples.times();
  bool any = false;
  size_t first = 0, past = 0, since_asked = 0;
  for (size_t step = 0; step < steps; ++step) {
    if (since_asked > kRowsBetweenQuestions) {
      if (context.stopped()) return false;
      since_asked = 0;
    }
    const int64_t end = plan.end(step);
    int64_t start = earlier(end, plan.range_ns);
    const bool has_sums = start < samples.last_sum_ns();
    if (has_sums) start = earlier(end, std::max(plan.range_ns, samples.tier_ns()));
    while (past < times.size() && times[past] <= end) ++past;
    while (first < past && times[first] <= start) ++first;
    if (first == past) {
      out[step] = kNothing;
      continue;
    }
    if (!arguments.first.empty()) at_step.first = arguments.first[step];
    if (!arguments.second.empty()) at_step.second = arguments.second[step];
    const bool joined = has_sums && summed.joins && first != 0 &&
                        distance(times[first - 1], start) < static_cast<uint64_t>(later(samples.tier_ns(), context.lookback_ns));
    const size_t from = first - (joined ? 1 : 0);
    const SummaryColumns columns = samples.from(from);
    const Window window = {.times = times.data() + from,
                           .values = samples.values().data() + from,
                           .count = past - from,
                           .start_ns = start,
                           .end_ns = end,
                           .now_ns = plan.grid.time(step),
                           .rising = false,
                           .summaries = has_sums ? &columns : nullptr};
    out[step] = (has_sums ? summed.function : plain.function)(window, at_step);
    since_asked += window.count;
    any = any || is_present(out[step]);
  }
  return any;
}

bool look_back_summed(const WindowPlan& plan, const tarsier_series& series, bool timestamps, Column& out) {
  const size_t steps = plan.grid.count();
  const size_t sums = end_of_sums(series.counts, series.sample_count);
  out.resize(steps);
  bool any = false;
  size_t past = 0;
  for (size_t step = 0; step < steps; ++step) {
    const int64_t end = plan.end(step);
    while (past < series.sample_count && series.times_ns[past] <= end) ++past;
    const int64_t longest = later(plan.range_ns, past <= sums ? series.tier_ns : 0);
    if (past == 0 || series.times_ns[past - 1] <= earlier(end, longest) || is_absent(series.values[past - 1])) {
      out[step] = kNothing;
      continue;
    }
    out[step] = timestamps ? seconds_of(series.times_ns[past - 1]) : series.values[past - 1];
    any = true;
  }
  return any;
}

}  // namespace tarsier::promql
