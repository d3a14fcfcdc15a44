#include "segment_plan.hpp"

#include <algorithm>
#include <bit>
#include <map>
#include <set>
#include <vector>

namespace tarsier::samples {
namespace {

constexpr size_t kLeast = 8;     // as many at least
constexpr uint64_t kGrowth = 6;  // and so many times the samples of the largest

// Of what is left of a window when samples have gone on to a later one:
constexpr size_t kLeastLeft = 3;     // as many at least
constexpr uint64_t kGrowthLeft = 3;  // and the others have this part of the samples of the largest

/// What is about a size has the same number of digits to the base of eight.
int size_of(uint64_t samples) { return (static_cast<int>(std::bit_width(samples)) + 2) / 3; }

bool meet(const Cover& a, const Cover& b) {
  return a.begin < b.end && b.begin < a.end && a.first_flush <= b.last_flush && b.first_flush <= a.last_flush;
}

/// Where the segments end that may become one with `first`: at those of the next window, and at what is not to be merged.
size_t end_of_stretch(size_t first, std::span<const MergeCandidate> candidates, std::span<const Cover> others) {
  Cover cover = candidates[first].cover;
  for (size_t place = first; place < candidates.size(); ++place) {
    cover.last_flush = candidates[place].cover.last_flush;
    const bool met = std::any_of(others.begin(), others.end(), [&](const Cover& other) { return meet(other, cover); });
    if (candidates[place].cover.begin != cover.begin || met) return place;
  }
  return candidates.size();
}

/// From `first` on, none larger than `size`, as many as it takes for them to be due; nothing when there are not enough.
std::optional<SegmentRun> run_from(size_t first, size_t end, int size, std::span<const MergeCandidate> candidates) {
  uint64_t samples = 0, largest = 0;
  for (size_t place = first; place < end && size_of(candidates[place].samples) <= size; ++place) {
    samples += candidates[place].samples;
    largest = std::max(largest, candidates[place].samples);
    if (place - first + 1 >= kLeast && samples / kGrowth >= largest) return SegmentRun{first, place + 1};
  }
  return std::nullopt;
}

/// The begins of windows that samples have gone on from: the latest flush had some of a later window, and none of these.
std::set<int64_t> windows_left(std::span<const MergeCandidate> candidates) {
  std::map<int64_t, uint64_t> last_flushes;
  for (const MergeCandidate& one : candidates) {
    uint64_t& last = last_flushes[one.cover.begin];
    last = std::max(last, one.cover.last_flush);
  }
  std::set<int64_t> left;
  for (const auto& [begin, last] : last_flushes) {
    if (last < last_flushes.rbegin()->second) left.insert(begin);
  }
  return left;
}

/// All from `first` on, when it is worth while.
std::optional<SegmentRun> rest_from(size_t first, size_t end, std::span<const MergeCandidate> candidates) {
  uint64_t samples = 0, largest = 0;
  for (size_t place = first; place < end; ++place) {
    samples += candidates[place].samples;
    largest = std::max(largest, candidates[place].samples);
  }
  if (end < first + kLeastLeft || samples - largest < largest / kGrowthLeft) return std::nullopt;
  return SegmentRun{first, end};
}

}  // namespace

std::optional<SegmentRun> plan_segment_merge(std::span<const MergeCandidate> candidates, std::span<const Cover> others) {
  std::set<int> sizes;
  std::vector<size_t> ends;
  for (size_t place = 0; place < candidates.size(); ++place) {
    sizes.insert(size_of(candidates[place].samples));
    ends.push_back(end_of_stretch(place, candidates, others));
  }
  for (const int size : sizes) {
    for (size_t first = 0; first < candidates.size(); ++first) {
      if (auto run = run_from(first, ends[first], size, candidates)) return run;
    }
  }
  const std::set<int64_t> left = windows_left(candidates);
  for (size_t first = 0; first < candidates.size(); ++first) {
    if (!left.contains(candidates[first].cover.begin)) continue;
    if (auto rest = rest_from(first, ends[first], candidates)) return rest;
  }
  return std::nullopt;
}

}  // namespace tarsier::samples
