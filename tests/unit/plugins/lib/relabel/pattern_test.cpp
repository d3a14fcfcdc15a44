// Which values an expression matches, with which groups, and which expressions are none.
#include "plugins/lib/relabel/pattern.hpp"

#include <array>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tarsier::relabel {
namespace {

using testing::HasSubstr;

bool matches(std::string_view pattern, std::string_view value) {
  auto made = Pattern::compile(pattern);
  EXPECT_TRUE(made) << pattern;
  return made && made->matches(value);
}

std::string refusal(std::string_view pattern) {
  auto made = Pattern::compile(pattern);
  return made ? std::string("taken") : made.error().message();
}

TEST(Pattern, HasToMatchTheWholeValue) {
  EXPECT_TRUE(matches("f.*", "foo"));
  EXPECT_FALSE(matches("f|o", "foo"));
  EXPECT_TRUE(matches("foo|bar", "bar"));
  EXPECT_FALSE(matches("o", "foo"));
  EXPECT_TRUE(matches("^foo$", "foo"));
  EXPECT_TRUE(matches("(?i)FOO", "foo"));
}

TEST(Pattern, LetsTheDotMatchALineBreak) {
  EXPECT_TRUE(matches("line1.*line2", "line1\nline2"));
  EXPECT_TRUE(matches("(.*)", "line1\nline2"));
  EXPECT_FALSE(matches("(?-s:line1.*line2)", "line1\nline2"));
  EXPECT_FALSE(matches("line1$", "line1\n"));
}

TEST(Pattern, TakesTheCommonFormsWithoutAnAutomaton) {
  for (const char* pattern : {".*", "(.*)"}) {
    EXPECT_TRUE(matches(pattern, "")) << pattern;
    EXPECT_TRUE(matches(pattern, "x")) << pattern;
  }
  for (const char* pattern : {".+", "(.+)"}) {
    EXPECT_FALSE(matches(pattern, "")) << pattern;
    EXPECT_TRUE(matches(pattern, "x")) << pattern;
  }
  EXPECT_TRUE(matches("", ""));
  EXPECT_FALSE(matches("", "x"));
  EXPECT_TRUE(matches("https", "https"));
  EXPECT_FALSE(matches("https", "http"));
  EXPECT_EQ(Pattern::compile("(.*)")->group_count(), 2U);
  EXPECT_EQ(Pattern::compile(".*")->group_count(), 1U);
  EXPECT_EQ(Pattern::compile("https")->group_count(), 1U);
}

TEST(Pattern, GivesGroups) {
  const auto pattern = Pattern::compile("(a)(x)?(?P<rest>b+)");
  ASSERT_TRUE(pattern);
  std::array<std::string_view, 4> groups;
  ASSERT_TRUE(pattern->match("abb", groups));
  EXPECT_THAT(groups, testing::ElementsAre("abb", "a", "", "bb"));
  EXPECT_EQ(pattern->group("rest"), 3U);
  EXPECT_EQ(pattern->group("other"), std::nullopt);
}

TEST(Pattern, GivesMoreGroupsThanUsual) {
  std::string text;
  for (int i = 0; i < 40; ++i) text += "(.)";
  const auto pattern = Pattern::compile(text);
  ASSERT_TRUE(pattern);
  std::vector<std::string_view> groups(41);
  const std::string value = std::string(39, 'a') + "z";
  ASSERT_TRUE(pattern->match(value, groups));
  EXPECT_EQ(groups[40], "z");
}

TEST(Pattern, KnowsBothWaysToNameAGroup) {
  EXPECT_EQ(Pattern::compile("(?<second>a)")->group("second"), 1U);
  EXPECT_TRUE(matches("[(?<x>]+", "(?<x>"));
  EXPECT_TRUE(matches("[](?<x>]+", "](?<"));
  EXPECT_TRUE(matches("[^](?<x>]+", "ab"));
  EXPECT_TRUE(matches("[[:alpha:](?<x]+", "ab(?<"));
  EXPECT_TRUE(matches("\\(?<x>", "<x>"));
  EXPECT_TRUE(matches("\\Q(?<x>[\\E(?<y>a)", "(?<x>[a"));
  EXPECT_TRUE(matches("[\\](?<x>]+", "]("));
}

TEST(Pattern, RefusesWhatGoRefuses) {
  EXPECT_EQ(refusal("a(b"), "error parsing regexp: missing closing ): `^(?s:a(b)$`");
  EXPECT_THAT(refusal("a[b"), HasSubstr("missing closing ]"));
  EXPECT_EQ(refusal("*a"), "error parsing regexp: missing argument to repetition operator: `*`");
  EXPECT_THAT(refusal("(?=a)"), HasSubstr("invalid or unsupported Perl syntax"));
  EXPECT_THAT(refusal("(?<=a)"), HasSubstr("invalid or unsupported Perl syntax"));
  EXPECT_EQ(refusal("a\\Cb"), "error parsing regexp: invalid escape sequence: `\\C`");
  EXPECT_EQ(refusal("\\Q\\C\\E"), "taken");
  EXPECT_NE(refusal("\xff"), "taken");
  for (const char* cut : {"\\", "[", "[\\", "[[:", "\\Q", "(?<"}) EXPECT_NO_FATAL_FAILURE(refusal(cut)) << cut;
}

TEST(Pattern, RefusesAnExpressionThatIsTooLarge) {
  EXPECT_EQ(refusal("[\\pL\\p{Nd}]{1000}"), "error parsing regexp: expression too large: it needs more than 8 MiB");
  std::string names;
  for (int i = 0; i < 2000; ++i) names += "|a_long_name_of_a_metric_" + std::to_string(i);
  EXPECT_EQ(refusal(names), "taken");
}

}  // namespace
}  // namespace tarsier::relabel
