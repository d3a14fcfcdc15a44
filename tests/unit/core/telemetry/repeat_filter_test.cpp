#include "core/telemetry/repeat_filter.hpp"

#include <gtest/gtest.h>

namespace tarsier::telemetry {
namespace {

LogRecord record(std::string_view source, std::string_view message, Level level = Level::info) {
  return {level, 0, source, {}, message, {}};
}

TEST(RepeatFilter, LetsAFewThroughAndCountsTheRest) {
  RepeatFilter filter(5, 10);
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(filter.admit(record("a", "m"), 0));
  for (int i = 0; i < 7; ++i) EXPECT_FALSE(filter.admit(record("a", "m"), 1));
  EXPECT_TRUE(filter.take_finished(9).empty());
  const auto finished = filter.take_finished(10);
  ASSERT_EQ(finished.size(), 1U);
  EXPECT_EQ(finished[0].count, 7U);
  EXPECT_EQ(finished[0].message, "m");
  EXPECT_TRUE(filter.admit(record("a", "m"), 10));
}

TEST(RepeatFilter, TellsSourcesLevelsAndMessagesApart) {
  RepeatFilter filter(1, 10);
  EXPECT_TRUE(filter.admit(record("a", "m"), 0));
  EXPECT_TRUE(filter.admit(record("b", "m"), 0));
  EXPECT_TRUE(filter.admit(record("a", "n"), 0));
  EXPECT_TRUE(filter.admit(record("a", "m", Level::error), 0));
  EXPECT_FALSE(filter.admit(record("a", "m"), 0));
}

TEST(RepeatFilter, LetsEverythingThroughWhenItKnowsTooMany) {
  RepeatFilter filter(1, 10);
  for (int i = 0; i < 3000; ++i) EXPECT_TRUE(filter.admit(record("a", "m" + std::to_string(i)), 0));
  EXPECT_FALSE(filter.admit(record("a", "m0"), 0));
  EXPECT_TRUE(filter.admit(record("a", "m2999"), 0));
  EXPECT_EQ(filter.take_finished(0, true).size(), 1U);
}

TEST(RepeatFilter, IsOffWithoutALimit) {
  RepeatFilter filter(0, 10);
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(filter.admit(record("a", "m"), 0));
}

}  // namespace
}  // namespace tarsier::telemetry
