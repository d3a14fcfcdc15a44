#include "plugins/query/promql/api/slow_queries.hpp"

#include <gtest/gtest.h>

#include "plugins/query/promql/api/turns.hpp"

namespace tarsier::promql {
namespace {

TEST(SlowQueries, CutTheTextOfAQuery) {
  EXPECT_EQ(short_text("sum(\n\t x )", 20), "sum( x )");
  EXPECT_EQ(short_text("abcdef", 6), "abcdef");
  EXPECT_EQ(short_text("abcdefg", 6), "abcdef... (7 bytes)");
  EXPECT_EQ(short_text("ab\xc3\xa4"
                       "c",
                       3),
            "ab... (5 bytes)");
}

TEST(Turns, KnowClientsByTheirAddress) {
  EXPECT_EQ(address_of("127.0.0.1:43512"), "127.0.0.1");
  EXPECT_EQ(address_of("[::1]:80"), "[::1]");
}

}  // namespace
}  // namespace tarsier::promql
