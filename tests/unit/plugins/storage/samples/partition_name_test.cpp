#include "plugins/storage/samples/partition_name.hpp"

#include <gtest/gtest.h>

namespace tarsier::samples {
namespace {

constexpr int64_t kHour = 3'600'000'000'000;
constexpr int64_t kNoon = 1'795'348'800'000'000'000;  // 2026-11-22T12:00

TEST(PartitionName, TellsBeginAndFlushes) {
  EXPECT_EQ(partition_name({kNoon, kNoon + 2 * kHour, 4, 17}), "samples/2026-11-22T1200.2h.4-17");
  EXPECT_EQ(partition_name({kNoon, kNoon + 24 * kHour, 1, 1}), "samples/2026-11-22T1200.1d.1-1");
  Cover cover;
  ASSERT_TRUE(parse_partition_name("samples/2026-11-22T1200.90m.4-17", cover));
  EXPECT_EQ(cover, (Cover{kNoon, kNoon + kHour * 3 / 2, 4, 17}));
}

TEST(PartitionName, TellsTheRevisionOfWhatWasWrittenAnew) {
  EXPECT_EQ(partition_name({kNoon, kNoon + 2 * kHour, 4, 17, 0, 3}), "samples/2026-11-22T1200.2h.4-17.r3");
  Cover cover;
  ASSERT_TRUE(parse_partition_name("samples/2026-11-22T1200.2h.4-17.r12", cover));
  EXPECT_EQ(cover, (Cover{kNoon, kNoon + 2 * kHour, 4, 17, 0, 12}));
}

TEST(PartitionName, CoversTimesBefore1970AndTheEnds) {
  for (const int64_t begin : {INT64_MIN, int64_t{-2000} * 1'000'000'000, int64_t{0}, INT64_MAX - INT64_MAX % 1'000'000'000}) {
    Cover cover;
    const std::string name = partition_name({begin, INT64_MAX, 1, 1});
    ASSERT_TRUE(parse_partition_name(name, cover)) << name;
    EXPECT_EQ(cover.begin, begin - begin % 1'000'000'000) << name;
    EXPECT_GE(cover.end, INT64_MAX - 1'000'000'000) << name;
  }
}

TEST(PartitionName, IsNotThatOfAnythingElse) {
  Cover cover;
  for (const char* name : {"samples/active", "samples/journal.7", "samples/head.2026-11-22T1200.1-2", "samples/2026-11-22T1200.",
                           "samples/2026-11-22T1200.4-5", "samples/2026-11-22T1200.2h.4", "samples/2026-11-22T1200.2h.4-",
                           "samples/2026-11-22T1200.2h.4-x", "samples/2026-11-22T1200.h.4-5", "samples/2026-11-22T1200.2w.4-5",
                           "samples/2026-11-22T12.2h.4-5", "samples/2026-11-22T1200.2h.4-5.tmp", "samples/2026-11-22T1200.2h.4-5.r",
                           "samples/2026-11-22T1200.2h.4-5.r0", "samples/2026-11-22T1200.2h.4-5.r1x",
                           "samples/2026-11-22T1200.2h.4-.r1", "alerts/2026-11-22T1200.2h.4-5", ""}) {
    EXPECT_FALSE(parse_partition_name(name, cover)) << name;
  }
}

using Names = std::vector<std::string>;

TEST(Obsolete, IsWhatLiesWithinAnother) {
  const std::vector<NamedCover> all = {
      {"first", {0, 2 * kHour, 1, 3}},
      {"second", {2 * kHour, 4 * kHour, 4, 4}},
      {"merged", {0, 8 * kHour, 1, 4}},
  };
  EXPECT_EQ(obsolete(all), (Names{"first", "second"}));
}

TEST(Obsolete, IsNotWhatCameThroughOtherFlushesOrHasOtherTimes) {
  const std::vector<NamedCover> all = {
      {"merged", {0, 8 * kHour, 1, 4}},
      {"late", {0, 2 * kHour, 6, 6}},
      {"overlapping flushes", {0, 2 * kHour, 4, 5}},
      {"later", {8 * kHour, 10 * kHour, 2, 3}},
      {"straddling", {7 * kHour, 9 * kHour, 2, 3}},
  };
  EXPECT_EQ(obsolete(all), Names{});
}

TEST(Obsolete, OfEqualOnesIsAllButTheLast) {
  const std::vector<NamedCover> all = {{"head", {0, kHour, 1, 2}}, {"partition", {0, kHour, 1, 2}}};
  EXPECT_EQ(obsolete(all), Names{"head"});
}

TEST(Obsolete, OfEqualOnesTheHigherRevisionStays) {
  const std::vector<NamedCover> all = {{"second", {0, kHour, 1, 2, 0, 2}},
                                       {"fifth", {0, kHour, 1, 2, 0, 5}},
                                       {"first", {0, kHour, 1, 2}},
                                       {"other", {0, kHour, 3, 3}}};
  EXPECT_EQ(obsolete(all), (Names{"second", "first"}));
  EXPECT_EQ(obsolete(std::vector<NamedCover>{{"inner", {0, kHour, 1, 2, 0, 5}}, {"merged", {0, 2 * kHour, 1, 2}}}), Names{"inner"});
}

}  // namespace
}  // namespace tarsier::samples
