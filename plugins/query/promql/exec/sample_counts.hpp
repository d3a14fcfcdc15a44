// How many samples the steps of a query look at, as Prometheus counts them for its statistics: what each window holds, also where
// windows share samples. Counted only for who asks.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "plugins/query/promql/exec/window.hpp"

namespace tarsier::promql {

class SampleCounts {
 public:
  explicit SampleCounts(size_t steps) : per_step_(steps) {}

  /// [any] The samples of a series in the windows of a selector, or (`newest_only`) the newest one of each window.
  void add(const WindowPlan& plan, bool newest_only, const tarsier_series& series);
  /// What a subquery's windows hold of its steps.
  void add(const WindowPlan& plan, const Grid& inner, const Series& series);
  /// What was counted apart, over the same steps.
  void add(const SampleCounts& other);
  /// The same at each step.
  void add_at_each_step(uint64_t samples);

  const std::vector<uint64_t>& per_step() const noexcept { return per_step_; }
  uint64_t total() const noexcept;

 private:
  /// `times` with a weight for each; a weight of 0 is a staleness marker.
  void add(const WindowPlan& plan, bool newest_only, const std::vector<int64_t>& times, const std::vector<uint64_t>& weights);

  std::mutex mutex_;
  std::vector<uint64_t> per_step_;
};

/// What is counted from here to the end of the block counts once keep() was called.
class TentativeCounts {
 public:
  explicit TentativeCounts(QueryContext& context);
  TentativeCounts(const TentativeCounts&) = delete;
  TentativeCounts& operator=(const TentativeCounts&) = delete;
  ~TentativeCounts();
  void keep() noexcept { keep_ = true; }

 private:
  QueryContext& context_;
  SampleCounts* const outer_;
  SampleCounts mine_;
  const uint64_t samples_read_, series_read_;
  bool keep_ = false;
};

/// What is counted from here to the end of the block counts for the whole, and can be had apart.
class CountsApart {
 public:
  explicit CountsApart(QueryContext& context);
  CountsApart(const CountsApart&) = delete;
  CountsApart& operator=(const CountsApart&) = delete;
  ~CountsApart() { end(); }
  /// Ends it. Null when nobody asked for counts.
  std::unique_ptr<SampleCounts> take();

 private:
  void end();

  QueryContext& context_;
  SampleCounts* const outer_;
  std::unique_ptr<SampleCounts> mine_;
};

/// A part that is evaluated over steps of its own: what it counts is added to each step of the whole at the end of the block, or
/// (kNowhere) left out, because the windows over it are counted.
class NestedCounts {
 public:
  enum class Into : uint8_t { kEachStep, kNowhere };
  NestedCounts(QueryContext& context, Into into);
  NestedCounts(const NestedCounts&) = delete;
  NestedCounts& operator=(const NestedCounts&) = delete;
  ~NestedCounts();

 private:
  QueryContext& context_;
  SampleCounts* const outer_;
  const Into into_;
  SampleCounts mine_{1};
};

}  // namespace tarsier::promql
