#include "merge_plan.hpp"

#include <algorithm>
#include <map>

#include "series_chunks.hpp"

namespace tarsier::samples {
namespace {

constexpr int64_t kStep = 4;            // from one level to the next
constexpr uint64_t kUnequal = 4;        // a partition with this many times the samples of all others is not written again for them,
constexpr size_t kMostUnequal = 8;      // unless they are this many
constexpr int64_t kRetentionParts = 4;  // the least number of spans in the retention, and of merged partitions in that by size

/// Leaves out the largest while the others have little to add to it. Few samples that come late, again and again, would else write
/// a whole day each time.
void leave_out_large(std::span<const MergeCandidate> candidates, std::vector<size_t>& inputs) {
  std::sort(inputs.begin(), inputs.end(), [&](size_t a, size_t b) { return candidates[a].samples > candidates[b].samples; });
  while (inputs.size() > 1 && inputs.size() <= kMostUnequal) {
    uint64_t others = 0;
    for (size_t i = 1; i < inputs.size(); ++i) others += candidates[inputs[i]].samples;
    if (candidates[inputs.front()].samples <= others * kUnequal) return;
    inputs.erase(inputs.begin());
  }
}

/// Only whole partitions are removed, so one that is much of what is kept would take much with it.
bool too_many_bytes(std::span<const MergeCandidate> candidates, const std::vector<size_t>& inputs, uint64_t retention_bytes) {
  uint64_t bytes = 0;
  for (const size_t input : inputs) bytes += candidates[input].bytes;
  return retention_bytes != 0 && bytes > retention_bytes / kRetentionParts;
}

std::optional<MergePlan> plan_of(std::span<const MergeCandidate> candidates, std::span<const Cover> others,
                                 std::vector<size_t> inputs, uint64_t retention_bytes) {
  leave_out_large(candidates, inputs);
  if (inputs.size() < 2 || too_many_bytes(candidates, inputs, retention_bytes)) return std::nullopt;
  std::sort(inputs.begin(), inputs.end());
  Cover cover = candidates[inputs.front()].cover;
  for (const size_t input : inputs) {
    const Cover& one = candidates[input].cover;
    cover.begin = std::min(cover.begin, one.begin);
    cover.end = std::max(cover.end, one.end);
    cover.first_flush = std::min(cover.first_flush, one.first_flush);
    cover.last_flush = std::max(cover.last_flush, one.last_flush);
  }
  const auto taken_in = [&](const Cover& other) { return other.lies_within(cover); };
  if (std::any_of(others.begin(), others.end(), taken_in)) return std::nullopt;
  for (size_t i = 0; i < candidates.size(); ++i) {
    if (taken_in(candidates[i].cover) && !std::binary_search(inputs.begin(), inputs.end(), i)) return std::nullopt;
  }
  return MergePlan{std::move(inputs), cover};
}

}  // namespace

std::vector<int64_t> merge_levels(const Options& options) {
  std::vector<int64_t> levels = {options.partition_window_ns};
  int64_t most = options.merge_to_ns;
  if (options.retention_ns != 0) most = std::min(most, options.retention_ns / kRetentionParts);
  for (int64_t level = options.partition_window_ns; level <= most / kStep; levels.push_back(level)) level *= kStep;
  // The last one is what was asked for; windows of one level have to lie within windows of the next.
  if (levels.back() < most && options.merge_to_ns <= most) {
    while (levels.size() > 1 && options.merge_to_ns % levels.back() != 0) levels.pop_back();
    if (options.merge_to_ns % levels.back() == 0) levels.push_back(options.merge_to_ns);
  }
  return levels;
}

std::optional<MergePlan> plan_merge(std::span<const MergeCandidate> candidates, std::span<const Cover> others, int64_t now_ns,
                                    const Options& options) {
  for (const int64_t level : merge_levels(options)) {
    std::map<int64_t, std::vector<size_t>> windows;  // by begin
    for (size_t i = 0; i < candidates.size(); ++i) {
      const Cover& cover = candidates[i].cover;
      const int64_t last = cover.end == INT64_MAX ? cover.end : cover.end - 1;
      const int64_t begin = window_start(cover.begin, level);
      // Of a window that goes on more is to come; one of another configuration may lie across a boundary.
      if (window_start(last, level) == begin && window_last(begin, level) <= now_ns - options.seal_delay_ns)
        windows[begin].push_back(i);
    }
    for (auto& [begin, inputs] : windows) {
      if (auto plan = plan_of(candidates, others, std::move(inputs), options.retention_bytes)) return plan;
    }
  }
  return std::nullopt;
}

}  // namespace tarsier::samples
