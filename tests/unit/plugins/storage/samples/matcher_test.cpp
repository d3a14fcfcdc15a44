// Which series match: the same answer from the head, from partitions and from asking every series one by one.
#include <array>
#include <random>

#include "store_fixture.hpp"

namespace tarsier::samples::test {
namespace {

constexpr int64_t kBase = 1'799'990'000 * kSecondNs;

TEST(SpelledOut, FindsTheTextsOfPlainExpressions) {
  const auto texts = [](std::string_view expression) {
    std::vector<std::string> found;
    return spelled_out(expression, found) ? found : std::vector<std::string>{"(not spelled out)"};
  };
  using Texts = std::vector<std::string>;
  EXPECT_EQ(texts("abc"), (Texts{"abc"}));
  EXPECT_EQ(texts(""), (Texts{""}));
  EXPECT_EQ(texts("b|a|a"), (Texts{"a", "b"}));
  EXPECT_EQ(texts("a(b|c)d"), (Texts{"abd", "acd"}));
  EXPECT_EQ(texts("(?:x|y)|z"), (Texts{"x", "y", "z"}));
  EXPECT_EQ(texts("a\\.b"), (Texts{"a.b"}));
  EXPECT_EQ(texts("|a"), (Texts{"", "a"}));
  for (const char* expression : {"a.b", "a*", "(a)+", "a{2}", "[ab]", "^a", "a$", "(?i)a", "\\d", "(a", "a)", "a?"}) {
    EXPECT_EQ(texts(expression), (Texts{"(not spelled out)"})) << expression;
  }
}

TEST(Matcher, IsAnchoredAndItsDotMatchesANewline) {
  const auto matches = [](tarsier_match_op op, std::string_view pattern, std::string_view value) {
    return Matcher::compile(op, "x", pattern)->matches(value);
  };
  EXPECT_FALSE(matches(TARSIER_MATCH_REGEX, "a.", "xab"));
  EXPECT_FALSE(matches(TARSIER_MATCH_REGEX, "a.", "abx"));
  EXPECT_TRUE(matches(TARSIER_MATCH_REGEX, "a.b", "a\nb"));
  EXPECT_TRUE(matches(TARSIER_MATCH_REGEX, "a.*|b", "b"));
  EXPECT_FALSE(matches(TARSIER_MATCH_REGEX, "a.*|b", "bc"));
  EXPECT_TRUE(matches(TARSIER_MATCH_NOT_REGEX, "a.*", ""));
  EXPECT_TRUE(matches(TARSIER_MATCH_REGEX, "(?i)ABC", "abc"));
  EXPECT_EQ(Matcher::compile(TARSIER_MATCH_REGEX, "x", "a(").error().code(), TARSIER_INVALID);
  EXPECT_EQ(Matcher::compile(9, "x", "a").error().code(), TARSIER_INVALID);
}

class MatchingTest : public StoreFixture {};

TEST_F(MatchingTest, AgreesWithAskingEverySeriesOneByOne) {
  open();
  std::mt19937 random(7);
  const std::array<std::string, 6> values = {"", "a", "b", "ab", "abc", "a\nb"};
  std::vector<LabelSet> sets;
  batch::SamplesBuilder builder;
  for (int i = 0; i < 300; ++i) {
    LabelSet labels = {{"__name__", "m" + std::to_string(i % 7)}};
    for (const char* name : {"x", "y", "z"}) {
      const std::string& value = values[random() % values.size()];
      if (!value.empty()) labels[name] = value;
    }
    if (std::find(sets.begin(), sets.end(), labels) != sets.end()) continue;
    sets.push_back(labels);
    add(builder, labels, {{kBase, 1}});
  }
  ASSERT_TRUE((*write(builder))->ok());
  const std::array<std::string, 12> patterns = {"", "a", "ab", "a|b", "a.*", ".*", ".+", "a(b|bc)", "|a", "[ab]+", "z", "a.b"};
  for (const bool sealed : {false, true}) {
    if (sealed) seal();
    for (int round = 0; round < 400; ++round) {
      std::vector<Matching> matching;
      std::vector<Matcher> matchers;
      const auto count = 1 + random() % 3;
      for (size_t i = 0; i < count; ++i) {
        const std::array<std::string, 5> names = {"x", "y", "z", "__name__", "none"};
        matching.push_back(
            {static_cast<tarsier_match_op>(random() % 4), names[random() % 5], patterns[random() % patterns.size()]});
        matchers.push_back(*Matcher::compile(matching.back().op, matching.back().name, matching.back().value));
      }
      Found expected;
      for (const LabelSet& labels : sets) {
        const bool matches = std::all_of(matchers.begin(), matchers.end(), [&](const Matcher& matcher) {
          const auto label = labels.find(matcher.name());
          return matcher.matches(label == labels.end() ? "" : label->second);
        });
        if (matches) expected[labels] = {{kBase, 1}};
      }
      std::string text = sealed ? "sealed" : "head";
      for (const Matching& one : matching) text += ", " + one.name + " " + std::to_string(one.op) + " \"" + one.value + "\"";
      ASSERT_EQ(find(matching), expected) << text;
    }
  }
}

TEST_F(MatchingTest, ListsNamesAndValuesSortedOverHeadAndPartitions) {
  open();
  ASSERT_TRUE(put({{"__name__", "m"}, {"job", "b"}}, {{kBase, 1}}).ok());
  ASSERT_TRUE(put({{"__name__", "m"}, {"job", "c"}, {"extra", "1"}}, {{kBase, 1}}).ok());
  seal();
  ASSERT_TRUE(put({{"__name__", "n"}, {"job", "a"}}, {{kBase, 1}}).ok());
  EXPECT_EQ(values("job"), (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_EQ(values("job", {{TARSIER_MATCH_EQUAL, "__name__", "m"}}), (std::vector<std::string>{"b", "c"}));
  EXPECT_EQ(values("none"), (std::vector<std::string>{}));
  EXPECT_EQ(*store_->label_names({}, {}), (std::vector<std::string>{"__name__", "extra", "job"}));
}

TEST_F(MatchingTest, FindsEveryOneOfManyValuesInAPartition) {
  open();
  batch::SamplesBuilder builder;
  for (int i = 0; i < 5000; ++i)
    add(builder, {{"__name__", "m"}, {"id", "value-" + std::to_string(i)}}, {{kBase, static_cast<double>(i)}});
  ASSERT_TRUE((*write(builder))->ok());
  seal();
  for (int i = 0; i < 5000; i += 37) {
    const Found found = find({{TARSIER_MATCH_EQUAL, "id", "value-" + std::to_string(i)}});
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found.begin()->second, (std::vector<Point>{{kBase, static_cast<double>(i)}}));
  }
  EXPECT_EQ(find({{TARSIER_MATCH_EQUAL, "id", "value"}}).size(), 0U);
  EXPECT_EQ(find({{TARSIER_MATCH_REGEX, "id", "value-12.*"}}).size(), 111U);
  EXPECT_EQ(find({{TARSIER_MATCH_EQUAL, "__name__", "m"}}).size(), 5000U);
}

}  // namespace
}  // namespace tarsier::samples::test
