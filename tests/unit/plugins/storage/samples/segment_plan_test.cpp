#include "plugins/storage/samples/segment_plan.hpp"

#include <gtest/gtest.h>

namespace tarsier::samples {
namespace {

constexpr uint64_t kMillion = 1'000'000;
constexpr int64_t kWindow = 7'200'000'000'000;

using Segments = std::vector<MergeCandidate>;

MergeCandidate segment(uint64_t first, uint64_t last, uint64_t samples, int64_t window = 0) {
  return {{window, window + kWindow, first, last}, samples};
}
Segments flushes(uint64_t first, uint64_t count, uint64_t samples, int64_t window = 0) {
  Segments all;
  for (uint64_t flush = first; flush < first + count; ++flush) all.push_back(segment(flush, flush, samples, window));
  return all;
}
Segments operator+(Segments a, const Segments& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}
/// "2-9": the flushes that are merged.
std::string plan(const Segments& segments, const std::vector<Cover>& others = {}) {
  const auto run = plan_segment_merge(segments, others);
  if (!run) return "none";
  return std::to_string(segments[run->first].cover.first_flush) + "-" + std::to_string(segments[run->last - 1].cover.last_flush);
}

TEST(SegmentPlan, TakesEightOfAboutASize) {
  EXPECT_EQ(plan({}), "none");
  EXPECT_EQ(plan(flushes(1, 7, kMillion)), "none");
  EXPECT_EQ(plan(flushes(1, 8, kMillion)), "1-8");
  EXPECT_EQ(plan(flushes(1, 20, kMillion)), "1-8");
  EXPECT_EQ(plan(flushes(1, 8, 1)), "1-8");
  EXPECT_EQ(plan(Segments{segment(1, 8, 8 * kMillion)} + flushes(9, 7, kMillion)), "none");
  EXPECT_EQ(plan(Segments{segment(1, 8, 8 * kMillion)} + flushes(9, 8, kMillion)), "9-16");
}

TEST(SegmentPlan, GoesOnWithEightOfThese) {
  Segments large;
  for (uint64_t i = 0; i < 8; ++i) large.push_back(segment(i * 8 + 1, i * 8 + 8, 8 * kMillion));
  EXPECT_EQ(plan(large), "1-64");
  EXPECT_EQ(plan(large + flushes(65, 8, kMillion)), "65-72") << "the small ones first";
  large.resize(5);
  EXPECT_EQ(plan(large + flushes(41, 7, kMillion)), "none");
}

TEST(SegmentPlan, WritesNoSampleAgainForFewOthers) {
  EXPECT_EQ(plan(Segments{segment(1, 8, 8 * kMillion)} + flushes(9, 7, 3)), "none");
  EXPECT_EQ(plan(Segments{segment(1, 8, 8 * kMillion)} + flushes(9, 8, 3)), "9-16");
  EXPECT_EQ(plan(Segments{segment(1, 1, kMillion)} + flushes(2, 7, 3)), "none") << "it would hardly be larger afterwards";
}

TEST(SegmentPlan, TakesSmallOnesThatLieBetween) {
  Segments mixed;
  for (uint64_t flush = 1; flush < 17; ++flush) mixed.push_back(segment(flush, flush, flush % 2 == 0 ? 5 : kMillion));
  EXPECT_EQ(plan(mixed), "1-11") << "six times the largest";
}

TEST(SegmentPlan, WritesEachSampleAgainAFewTimesAndLeavesFewSegments) {
  Segments segments;
  uint64_t written = 0, total = 0, random = 1;
  for (uint64_t flush = 1; flush <= 3000; ++flush) {
    random = random * 6'364'136'223'846'793'005U + 1'442'695'040'888'963'407U;
    segments.push_back(segment(flush, flush, 1 + (random >> 40U) % (flush % 3 == 0 ? 10 : kMillion)));
    total += segments.back().samples;
    while (const auto run = plan_segment_merge(segments, {})) {
      MergeCandidate made = segments[run->first];
      made.samples = 0;
      for (size_t i = run->first; i < run->last; ++i) made.samples += segments[i].samples;
      made.cover.last_flush = segments[run->last - 1].cover.last_flush;
      written += made.samples;
      segments.erase(segments.begin() + static_cast<ptrdiff_t>(run->first), segments.begin() + static_cast<ptrdiff_t>(run->last));
      segments.insert(segments.begin() + static_cast<ptrdiff_t>(run->first), made);
    }
    ASSERT_LT(segments.size(), 60U) << "flush " << flush;
  }
  EXPECT_LT(written, total * 6);
}

TEST(SegmentPlan, KeepsToOneWindow) {
  EXPECT_EQ(plan(flushes(1, 7, kMillion) + flushes(7, 7, kMillion, kWindow)), "1-7");
  EXPECT_EQ(plan(flushes(1, 7, kMillion) + flushes(8, 8, kMillion, kWindow)), "8-15") << "by eight first";
  EXPECT_EQ(plan(flushes(1, 4, kMillion) + flushes(6, 4, kMillion)), "1-9") << "a flush without samples of the window";
}

TEST(SegmentPlan, MakesOneOfWhatIsLeftWhenSamplesHaveGoneOn) {
  const Segments first = Segments{segment(1, 8, 8 * kMillion)} + flushes(9, 3, kMillion);
  EXPECT_EQ(plan(first), "none");
  EXPECT_EQ(plan(first + flushes(11, 1, kMillion, kWindow)), "none") << "the latest flush had samples of both windows";
  EXPECT_EQ(plan(first + flushes(11, 2, kMillion, kWindow)), "1-11");
  EXPECT_EQ(plan(flushes(9, 2, kMillion, -kWindow) + first + flushes(12, 1, kMillion, kWindow)), "1-11") << "two are few";
  EXPECT_EQ(plan(flushes(1, 3, kMillion, kWindow) + flushes(4, 1, kMillion, 2 * kWindow)), "1-3");
  EXPECT_EQ(plan(flushes(4, 1, kMillion) + flushes(1, 3, kMillion, kWindow)), "none") << "late samples are no going on";
  EXPECT_EQ(plan(Segments{segment(1, 8, 8 * kMillion)} + flushes(9, 2, kMillion) + flushes(11, 1, 1, kWindow)), "none")
      << "it would hardly be larger afterwards";
  EXPECT_EQ(plan(first + flushes(12, 1, kMillion, kWindow), {{0, kWindow, 9, 9}}), "none") << "across what is not to be merged";
}

TEST(SegmentPlan, LiesToOneSideOfWhatIsNotToBeMerged) {
  const Segments parted = flushes(1, 5, kMillion) + flushes(7, 5, kMillion);
  EXPECT_EQ(plan(parted), "1-9");
  EXPECT_EQ(plan(parted, {{0, kWindow, 6, 6}}), "none");
  EXPECT_EQ(plan(parted, {{kWindow, 2 * kWindow, 6, 6}}), "1-9") << "of another window";
  EXPECT_EQ(plan(parted + flushes(12, 3, kMillion), {{0, kWindow, 6, 6}}), "7-14");
  EXPECT_EQ(plan(flushes(1, 8, kMillion), {{0, kWindow, 3, 3}}), "none") << "one that has series that nobody knows";
  EXPECT_EQ(plan(flushes(1, 9, kMillion), {{0, kWindow, 1, 8}}), "none") << "a damaged one that was made of them";
}

}  // namespace
}  // namespace tarsier::samples
