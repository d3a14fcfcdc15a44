#include "plugins/query/promql/exec/sample_counts.hpp"

#include <algorithm>
#include <numeric>

#include "tarsier/histogram.hpp"

namespace tarsier::promql {
namespace {

/// A histogram weighs as many samples as it is large.
uint64_t weight_of(const tarsier_series& series, size_t at) {
  if (series.histogram_offsets == nullptr || series.histogram_offsets[at] == series.histogram_offsets[at + 1])
    return is_absent(series.values[at]) ? 0 : 1;
  if (is_absent(series.values[at])) return 0;
  NativeHistogram native;
  const uint32_t from = series.histogram_offsets[at];
  if (!decode_histogram({series.histogram_bytes + from, series.histogram_offsets[at + 1] - from}, native)) return 1;
  return samples_of(from_native(native));
}

}  // namespace

void SampleCounts::add(const WindowPlan& plan, bool newest_only, const tarsier_series& series) {
  std::vector<uint64_t> weights(series.sample_count);
  for (size_t i = 0; i < weights.size(); ++i) weights[i] = weight_of(series, i);
  add(plan, newest_only, {series.times_ns, series.times_ns + series.sample_count}, weights);
}

void SampleCounts::add(const WindowPlan& plan, const Grid& inner, const Series& series) {
  std::vector<int64_t> times;
  std::vector<uint64_t> weights;
  for (size_t step = series.first; step < series.past(); ++step) {
    if (!series.present_at(step)) continue;
    const FloatHistogram* const histogram = series.histogram_at(step);
    times.push_back(inner.time(step));
    weights.push_back(histogram != nullptr ? samples_of(*histogram) : 1);
  }
  add(plan, false, times, weights);
}

void SampleCounts::add(const WindowPlan& plan, bool newest_only, const std::vector<int64_t>& times,
                       const std::vector<uint64_t>& weights) {
  const size_t steps = plan.grid.count();
  size_t first = 0, past = 0;
  uint64_t inside = 0;
  const std::lock_guard lock(mutex_);
  for (size_t step = 0; step < steps; ++step) {
    const int64_t end = plan.end(step);
    const int64_t start = earlier(end, plan.range_ns);
    while (past < times.size() && times[past] <= end) inside += weights[past++];
    while (first < past && times[first] <= start) inside -= weights[first++];
    if (first == past) continue;
    per_step_[std::min(step, per_step_.size() - 1)] += newest_only ? weights[past - 1] : inside;
  }
}

void SampleCounts::add_at_each_step(uint64_t samples) {
  const std::lock_guard lock(mutex_);
  for (uint64_t& count : per_step_) count += samples;
}

void SampleCounts::add(const SampleCounts& other) {
  const std::lock_guard lock(mutex_);
  for (size_t step = 0; step < per_step_.size(); ++step) per_step_[step] += other.per_step_[step];
}

uint64_t SampleCounts::total() const noexcept { return std::accumulate(per_step_.begin(), per_step_.end(), uint64_t{0}); }

TentativeCounts::TentativeCounts(QueryContext& context)
    : context_(context),
      outer_(context.sample_counts),
      mine_(outer_ != nullptr ? outer_->per_step().size() : 0),
      samples_read_(context.samples_read.total()),
      series_read_(context.series_read.total()) {
  if (outer_ != nullptr) context_.sample_counts = &mine_;
}

TentativeCounts::~TentativeCounts() {
  context_.sample_counts = outer_;
  if (keep_) {
    if (outer_ != nullptr) outer_->add(mine_);
  } else {
    context_.samples_read.set(samples_read_);
    context_.series_read.set(series_read_);
  }
}

CountsApart::CountsApart(QueryContext& context) : context_(context), outer_(context.sample_counts) {
  if (outer_ == nullptr) return;
  mine_ = std::make_unique<SampleCounts>(outer_->per_step().size());
  context_.sample_counts = mine_.get();
}

void CountsApart::end() {
  if (mine_ == nullptr) return;
  context_.sample_counts = outer_;
  outer_->add(*mine_);
}

std::unique_ptr<SampleCounts> CountsApart::take() {
  end();
  return std::move(mine_);
}

NestedCounts::NestedCounts(QueryContext& context, Into into) : context_(context), outer_(context.sample_counts), into_(into) {
  if (outer_ != nullptr) context_.sample_counts = &mine_;
}

NestedCounts::~NestedCounts() {
  if (outer_ == nullptr) return;
  context_.sample_counts = outer_;
  if (into_ == Into::kEachStep) outer_->add_at_each_step(mine_.total());
}

}  // namespace tarsier::promql
