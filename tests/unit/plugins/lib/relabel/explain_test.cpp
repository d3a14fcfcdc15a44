// The steps of a chain, with reasons.
#include "plugins/lib/relabel/explain.hpp"

#include <gtest/gtest.h>

#include "tests/unit/plugins/lib/relabel/support.hpp"

namespace tarsier::relabel {
namespace {

std::vector<std::string> reasons(const Set& set, const std::vector<RuleText>& texts) {
  const auto rules = compiled(texts);
  Labels labels;
  fill(labels, set);
  std::vector<std::string> out;
  for (const Step& step : explain(rules, labels)) out.push_back(step.why);
  return out;
}

TEST(Explain, ShowsTheLabelsAfterEachStep) {
  const auto rules = compiled({{.source_labels = {"a"}, .target_label = "b"},
                               {.source_labels = {"b"}, .regex = "x", .action = "drop"},
                               {.target_label = "c", .replacement = "never"}});
  Labels labels;
  const Set set = {{"a", "x"}};
  fill(labels, set);
  const auto steps = explain(rules, labels);
  ASSERT_EQ(steps.size(), 3U);
  EXPECT_EQ(steps[0].labels, (decltype(steps[0].labels){{"a", "x"}, {"b", "x"}}));
  EXPECT_TRUE(steps[0].keep);
  EXPECT_EQ(steps[0].rule, &rules[0]);
  for (size_t i = 1; i < 3; ++i) {
    EXPECT_TRUE(steps[i].labels.empty());
    EXPECT_FALSE(steps[i].keep);
  }
  EXPECT_EQ(steps[1].why, "\"x\" of b matches \"x\"");
  EXPECT_EQ(steps[2].why, "an earlier rule has dropped it");
}

TEST(Explain, SaysWhatWasCompared) {
  const Set set = {{"a", "X"}, {"b", "Y"}};
  EXPECT_EQ(reasons(set, {{.source_labels = {"a", "b"}, .regex = "x;.*", .target_label = "c"},
                          {.target_label = "c", .replacement = "z"},
                          {.source_labels = {"a"}, .target_label = "b", .action = "dropequal"},
                          {.source_labels = {"a"}, .modulus = 7, .target_label = "d", .action = "hashmod"},
                          {.source_labels = {"a"}, .target_label = "e", .action = "lowercase"},
                          {.regex = "a|b", .replacement = "y_$0", .action = "labelmap"},
                          {.regex = "q", .action = "labeldrop"}}),
            (std::vector<std::string>{"\"X;Y\" of a, b does not match \"x;.*\"", "\"\" matches \"(.*)\"",
                                      "\"X\" of a is not \"Y\" of b", "the hash of \"X\" of a modulo 7", "\"X\" of a in lowercase",
                                      "\"a|b\" matches a, b", "\"q\" matches no label"}));
}

}  // namespace
}  // namespace tarsier::relabel
