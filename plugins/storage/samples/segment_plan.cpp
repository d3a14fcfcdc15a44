#include "segment_plan.hpp"

#include <algorithm>
#include <bit>
#include <set>

namespace tarsier::samples {
namespace {

constexpr size_t kLeast = 8;     // as many at least
constexpr uint64_t kGrowth = 6;  // and so many times the samples of the largest

/// What is about a size has the same number of digits to the base of eight.
int size_of(uint64_t samples) { return (static_cast<int>(std::bit_width(samples)) + 2) / 3; }

bool meet(const Cover& a, const Cover& b) {
  return a.begin < b.end && b.begin < a.end && a.first_flush <= b.last_flush && b.first_flush <= a.last_flush;
}

/// From `first` on, none larger than `size`, as many as it takes for them to be due; nothing when there are not enough.
std::optional<SegmentRun> run_from(size_t first, int size, std::span<const MergeCandidate> candidates,
                                   std::span<const Cover> others) {
  Cover cover = candidates[first].cover;
  uint64_t samples = 0, largest = 0;
  for (size_t place = first; place < candidates.size(); ++place) {
    const MergeCandidate& next = candidates[place];
    cover.last_flush = next.cover.last_flush;
    const bool met = std::any_of(others.begin(), others.end(), [&](const Cover& other) { return meet(other, cover); });
    if (next.cover.begin != cover.begin || size_of(next.samples) > size || met) break;
    samples += next.samples;
    largest = std::max(largest, next.samples);
    if (place - first + 1 >= kLeast && samples / kGrowth >= largest) return SegmentRun{first, place + 1};
  }
  return std::nullopt;
}

}  // namespace

std::optional<SegmentRun> plan_segment_merge(std::span<const MergeCandidate> candidates, std::span<const Cover> others) {
  std::set<int> sizes;
  for (const MergeCandidate& one : candidates) sizes.insert(size_of(one.samples));
  for (const int size : sizes) {
    for (size_t first = 0; first < candidates.size(); ++first) {
      if (auto run = run_from(first, size, candidates, others)) return run;
    }
  }
  return std::nullopt;
}

}  // namespace tarsier::samples
