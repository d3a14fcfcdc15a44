#include "plugins/lib/promql/matching.hpp"

#include <gtest/gtest.h>
#include <map>

namespace tarsier::promql {
namespace {

using Labels = std::map<std::string, std::string, std::less<>>;

bool selects(std::string_view selector, const Labels& labels) {
  const auto compiled = compile_selector(selector);
  EXPECT_TRUE(compiled) << selector;
  return compiled && matches(*compiled, [&](std::string_view name) {
           const auto found = labels.find(name);
           return found == labels.end() ? std::string_view{} : std::string_view(found->second);
         });
}

TEST(Matching, ComparesLabels) {
  const Labels labels = {{"__name__", "up"}, {"job", "api"}, {"instance", "a:1"}};
  for (const char* selector : {"", "{}", "up", "{job=\"api\", instance!=\"b\",}", "{ job =~ \"a.*\" , absent=\"\" }",
                               "{\"job\"=\"api\"}", "up{job!~\"b\"}"})
    EXPECT_TRUE(selects(selector, labels)) << selector;
  for (const char* selector : {"{job=~\"ap\"}", "{job!~\"a.i\"}", "down", "{absent!=\"\"}"})
    EXPECT_FALSE(selects(selector, labels)) << selector;
}

TEST(Matching, TakesADotForALineBreak) { EXPECT_TRUE(selects("{a=~\"x.y\"}", {{"a", "x\ny"}})); }

TEST(Matching, SaysWhatIsNoSelector) {
  const std::pair<const char*, const char*> wrong[] = {
      {"", "unknown position: parse error: unexpected end of input"},
      {"temp[5m]", "1:5: parse error: unexpected \"[\""},
      {"sum(temp)", "1:4: parse error: unexpected \"(\""},
      {"temp offset 5m", "1:6: parse error: unexpected <offset>"},
      {"up{", "1:4: parse error: unexpected end of input inside braces"},
      {"{}", "match[] must contain at least one non-empty matcher"},
      {"{job=~\".*\"}", "match[] must contain at least one non-empty matcher"},
      {"{job!=\"a\"}", "match[] must contain at least one non-empty matcher"},
  };
  for (const auto& [text, message] : wrong) EXPECT_EQ(read_match_parameters({text}).error().message(), message) << text;
  const auto regex = read_match_parameters({"foo{a=~\"(\"}"});
  ASSERT_FALSE(regex);
  EXPECT_EQ(regex.error().message(), "1:5: parse error: error parsing regexp: missing closing ): `(`");
}

TEST(Matching, TakesANameThatIsSaidTwice) {
  const auto lists = read_match_parameters({"temp{__name__=\"x\"}", "sum", "by{}"});
  ASSERT_TRUE(lists);
  EXPECT_EQ(lists->front().size(), 2U);
}

}  // namespace
}  // namespace tarsier::promql
