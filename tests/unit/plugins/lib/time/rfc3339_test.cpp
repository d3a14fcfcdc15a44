#include "plugins/lib/time/rfc3339.hpp"

#include <gtest/gtest.h>

namespace tarsier {
namespace {

constexpr int64_t kTime = 1795343031061000000;

TEST(Rfc3339, PrintsAsGoDoes) {
  EXPECT_EQ(print_rfc3339(kTime), "2026-11-22T10:23:51.061Z");
  EXPECT_EQ(print_rfc3339(kTime - 61000000), "2026-11-22T10:23:51Z");
  EXPECT_EQ(print_rfc3339(kTime + 1), "2026-11-22T10:23:51.061000001Z");
  EXPECT_EQ(print_rfc3339(-1), "1969-12-31T23:59:59.999999999Z");
  EXPECT_EQ(print_rfc3339(0), "0001-01-01T00:00:00Z");
  EXPECT_EQ(print_rfc3339_ms(kTime - 61000000), "2026-11-22T10:23:51.000Z");
}

TEST(Rfc3339, ReadsOffsetsAndFractions) {
  EXPECT_EQ(*parse_rfc3339("2026-11-22T10:23:51.061Z"), kTime);
  EXPECT_EQ(*parse_rfc3339("2026-11-22T12:23:51.061+02:00"), kTime);
  EXPECT_EQ(*parse_rfc3339("2026-11-22T10:23:51.061000000999Z"), kTime);
  EXPECT_EQ(*parse_rfc3339("0001-01-01T00:00:00Z"), 0);
}

TEST(Rfc3339, RefusesWhatIsNone) {
  for (const char* bad : {"", "yesterday", "2026-11-22", "2026-11-22T10:23:51", "2026-11-22T10:23:51+2", "2026-11-22T10:23:51Zx",
                          "9999-01-01T00:00:00Z"})
    EXPECT_FALSE(parse_rfc3339(bad)) << bad;
}

}  // namespace
}  // namespace tarsier
