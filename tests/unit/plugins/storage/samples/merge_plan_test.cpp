#include "plugins/storage/samples/merge_plan.hpp"

#include <gtest/gtest.h>

namespace tarsier::samples {
namespace {

constexpr int64_t kDay = 24 * kHourNs;

/// A partition of hours [begin, end) with its flushes.
MergeCandidate part(int64_t begin, int64_t end, uint64_t first, uint64_t last, uint64_t samples = 100) {
  return {{begin * kHourNs, end * kHourNs, first, last}, samples};
}

std::optional<MergePlan> plan(const std::vector<MergeCandidate>& parts, int64_t now = 10 * kDay, std::vector<Cover> others = {}) {
  return plan_merge(parts, others, now, Options{});
}

using Inputs = std::vector<size_t>;

TEST(MergeLevels, GoFromTheWindowToADay) {
  EXPECT_EQ(merge_levels({}), (std::vector<int64_t>{2 * kHourNs, 8 * kHourNs, kDay}));
  EXPECT_EQ(merge_levels({.partition_window_ns = kHourNs}), (std::vector<int64_t>{kHourNs, 4 * kHourNs, kDay}));
  EXPECT_EQ(merge_levels({.partition_window_ns = kDay}), (std::vector<int64_t>{kDay}));
  EXPECT_EQ(merge_levels({.partition_window_ns = 30 * kDay}), (std::vector<int64_t>{30 * kDay}));
}

TEST(MergeLevels, LieWithinOneAnother) {
  EXPECT_EQ(merge_levels({.partition_window_ns = 2 * kHourNs, .merge_to_ns = 20 * kHourNs}),
            (std::vector<int64_t>{2 * kHourNs, 20 * kHourNs}));
  EXPECT_EQ(merge_levels({.partition_window_ns = 7 * kHourNs}), (std::vector<int64_t>{7 * kHourNs}));
}

TEST(MergeLevels, LeaveTheRetentionFourSpansAtLeast) {
  EXPECT_EQ(merge_levels({.retention_ns = kDay}), (std::vector<int64_t>{2 * kHourNs}));
  EXPECT_EQ(merge_levels({.retention_ns = 2 * kDay}), (std::vector<int64_t>{2 * kHourNs, 8 * kHourNs}));
}

TEST(MergePlan, MakesOneOfWhatHasTheSameWindow) {
  const auto made = plan({part(0, 2, 1, 3), part(2, 4, 2, 4), part(0, 2, 7, 7)});
  ASSERT_TRUE(made.has_value());
  EXPECT_EQ(made->inputs, (Inputs{0, 2}));
  EXPECT_EQ(made->cover, (Cover{0, 2 * kHourNs, 1, 7}));
}

TEST(MergePlan, GoesOnWithLongerSpans) {
  const auto eight = plan({part(0, 2, 1, 1), part(2, 4, 2, 2), part(6, 8, 4, 4), part(8, 10, 5, 5)});
  ASSERT_TRUE(eight.has_value());
  EXPECT_EQ(eight->inputs, (Inputs{0, 1, 2}));
  EXPECT_EQ(eight->cover, (Cover{0, 8 * kHourNs, 1, 4}));
  const auto day = plan({part(0, 8, 1, 4), part(8, 16, 5, 8), part(16, 24, 9, 12), part(24, 32, 13, 16)});
  ASSERT_TRUE(day.has_value());
  EXPECT_EQ(day->inputs, (Inputs{0, 1, 2}));
  EXPECT_FALSE(plan({part(0, 24, 1, 12), part(24, 48, 13, 24)}).has_value());
}

TEST(MergePlan, WaitsForTheEndOfASpan) {
  const std::vector<MergeCandidate> parts = {part(0, 2, 1, 1), part(2, 4, 2, 2)};
  const int64_t due = 8 * kHourNs + Options{}.seal_delay_ns;
  EXPECT_FALSE(plan(parts, due - 2).has_value());
  EXPECT_TRUE(plan(parts, due).has_value());
}

TEST(MergePlan, DoesNotWriteALargeOneAgainForLittle) {
  EXPECT_FALSE(plan({part(0, 24, 1, 12, 10'000), part(4, 6, 20, 20, 10)}).has_value());
  const auto late = plan({part(0, 24, 1, 12, 10'000), part(4, 6, 20, 20, 10), part(4, 6, 21, 21, 10)});
  ASSERT_TRUE(late.has_value());
  EXPECT_EQ(late->inputs, (Inputs{1, 2}));
  EXPECT_TRUE(plan({part(0, 24, 1, 12, 10'000), part(4, 6, 20, 20, 5'000)}).has_value());
}

TEST(MergePlan, DoesSoWhenTheyAreMany) {
  std::vector<MergeCandidate> parts = {part(0, 24, 1, 12, 10'000'000)};
  uint64_t samples = 1;  // each dwarfs all before it
  for (uint64_t flush = 20; flush < 28; ++flush, samples *= 6) parts.push_back(part(4, 6, flush, flush, samples));
  const auto made = plan(parts);
  ASSERT_TRUE(made.has_value());
  EXPECT_EQ(made->inputs.size(), 9U);
}

TEST(MergePlan, NeverTakesInWhatItDoesNotMerge) {
  const std::vector<MergeCandidate> parts = {part(0, 2, 1, 3), part(2, 4, 4, 6)};
  EXPECT_TRUE(plan(parts, 10 * kDay, {{0, 2 * kHourNs, 7, 7}}).has_value()) << "flushed later";
  EXPECT_FALSE(plan(parts, 10 * kDay, {{0, 2 * kHourNs, 5, 5}}).has_value()) << "a segment of the head";
  // The large one would be left out, and lies in the cover of the others.
  EXPECT_FALSE(plan({part(0, 2, 2, 2, 10'000), part(0, 2, 1, 1, 10), part(0, 2, 3, 3, 10)}).has_value());
}

TEST(MergePlan, LeavesWhatLiesAcrossABoundary) { EXPECT_FALSE(plan({part(23, 25, 1, 1), part(23, 25, 2, 2)}).has_value()); }

TEST(MergePlan, TakesNoMoreThanAQuarterOfTheRetentionBySize) {
  const Options options = {.retention_bytes = 400};
  std::vector<MergeCandidate> candidates;
  for (uint64_t i = 0; i < 4; ++i) {
    const auto begin = static_cast<int64_t>(i) * 2 * kHourNs;
    candidates.push_back({{begin, begin + 2 * kHourNs, i + 1, i + 1}, 100, 25});
  }
  EXPECT_TRUE(plan_merge(candidates, {}, 10 * kDay, options).has_value());
  ++candidates.back().bytes;
  EXPECT_FALSE(plan_merge(candidates, {}, 10 * kDay, options).has_value());
  EXPECT_TRUE(plan_merge(candidates, {}, 10 * kDay, {}).has_value());
}

}  // namespace
}  // namespace tarsier::samples
