#include "block_list.hpp"

#include <algorithm>
#include <tuple>

#include "merge_plan.hpp"
#include "tiers.hpp"

namespace tarsier::samples {
namespace {

constexpr uint32_t kOfOneFlush = 1;
constexpr uint32_t kOfSeveralFlushes = 2;  // merged segments, and what they are sealed into

/// The lengths that partitions grow to, ascending, those of tiers behind those of the samples.
std::vector<int64_t> all_levels(const Options& options) {
  std::vector<int64_t> levels = merge_levels(options);
  for (const Tier& tier : options.tiers) {
    for (const int64_t level : merge_levels(merge_options(options, tier.every_ns))) levels.push_back(level);
  }
  std::sort(levels.begin(), levels.end());
  levels.erase(std::unique(levels.begin(), levels.end()), levels.end());
  return levels;
}

/// A partition does not say how often it was merged; its length does, since each level of merging has one.
uint32_t level_of(const Cover& cover, const std::vector<int64_t>& levels) {
  int64_t length = 0;
  if (__builtin_sub_overflow(cover.end, cover.begin, &length)) length = INT64_MAX;
  const auto place = std::lower_bound(levels.begin(), levels.end(), length);
  return kOfSeveralFlushes + static_cast<uint32_t>(place - levels.begin());
}

Block block_of(const HeadSegment& segment) {
  const SegmentInfo& info = segment.info();
  return {.name = segment.name(),
          .level = info.name.first_flush == info.name.last_flush ? kOfOneFlush : kOfSeveralFlushes,
          .min_time = info.min_time,
          .max_time = info.max_time,
          .series = info.series,
          .samples = info.samples,
          .chunks = info.first_keys.size(),
          .bytes = segment.file_bytes()};
}

Block block_of(const Partition& partition, const std::vector<int64_t>& levels) {
  const PartitionInfo& info = partition.info();
  return {.name = partition.name(),
          .level = level_of(info.cover, levels),
          .min_time = info.min_time,
          .max_time = info.max_time,
          .tier_ns = info.cover.tier_ns,
          .series = info.series,
          .samples = info.samples,
          .chunks = info.blocks,
          .bytes = partition.file_bytes()};
}

}  // namespace

std::vector<Block> block_list(const Sealed& sealed, const Options& options) {
  const std::vector<int64_t> levels = all_levels(options);
  std::vector<Block> blocks;
  blocks.reserve(sealed.segments.size() + sealed.partitions.size());
  for (const auto& segment : sealed.segments) blocks.push_back(block_of(*segment));
  for (const auto& partition : sealed.partitions) blocks.push_back(block_of(*partition, levels));
  std::sort(blocks.begin(), blocks.end(), [](const Block& a, const Block& b) {
    return std::tie(a.min_time, a.max_time, a.name) < std::tie(b.min_time, b.max_time, b.name);
  });
  return blocks;
}

}  // namespace tarsier::samples
