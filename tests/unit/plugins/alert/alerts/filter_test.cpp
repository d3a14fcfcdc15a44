#include "plugins/alert/alerts/filter.hpp"

#include <gtest/gtest.h>

namespace tarsier::alerts {
namespace {

TEST(Filter, MatchesByEachOperator) {
  const LabelMap labels = {{"job", "node"}, {"severity", "page"}};
  const struct {
    const char* text;
    bool matches;
  } cases[] = {{"job=\"node\"", true},  {"job=node", true},      {"job != \"node\"", false},
               {"job=~\"no.*\"", true}, {"job=~no", false},      {"job!~\"x|y\"", true},
               {"absent=\"\"", true},   {"absent!=\"\"", false}, {"severity=\"pa\\\"ge\"", false}};
  for (const auto& test : cases) {
    const auto filter = Filter::parse(test.text);
    ASSERT_TRUE(filter) << test.text;
    EXPECT_EQ(filter->matches(labels), test.matches) << test.text;
  }
}

TEST(Filter, RefusesWhatIsNone) {
  for (const char* bad : {"", "job", "=x", "job!node", "job=~\"(\"", "job=\"open"}) EXPECT_FALSE(Filter::parse(bad)) << bad;
}

}  // namespace
}  // namespace tarsier::alerts
