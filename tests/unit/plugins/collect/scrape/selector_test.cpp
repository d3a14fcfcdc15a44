// Selectors of targets.
#include "plugins/collect/scrape/selector.hpp"

#include <gtest/gtest.h>

namespace tarsier::scrape {
namespace {

bool matches(std::string_view selector, const LabelSet& labels) {
  auto parsed = Selector::parse(selector);
  EXPECT_TRUE(parsed) << selector;
  return parsed && parsed->matches(labels);
}

TEST(Selector, MatchesLabels) {
  const LabelSet labels = {{"job", "api"}, {"instance", "a:1"}};
  EXPECT_TRUE(matches("", labels));
  EXPECT_TRUE(matches("{}", labels));
  EXPECT_TRUE(matches("{job=\"api\", instance!=\"b\",}", labels));
  EXPECT_TRUE(matches("{ job =~ \"a.*\" , absent=\"\" }", labels));
  EXPECT_FALSE(matches("{job=~\"ap\"}", labels));  // anchored
  EXPECT_FALSE(matches("{job!~\"a.i\"}", labels));
}

TEST(Selector, RefusesWhatItCannotRead) {
  for (const char* bad : {"job", "{job}", "{job=api}", "{job=\"a\"", "{job=\"a\" x=\"b\"}", "{job=~\"(\"}", "{} x", "{=\"a\"}"})
    EXPECT_FALSE(Selector::parse(bad)) << bad;
}

}  // namespace
}  // namespace tarsier::scrape
