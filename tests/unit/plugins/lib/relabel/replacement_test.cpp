// What references to groups become.
#include "plugins/lib/relabel/replacement.hpp"

#include <gtest/gtest.h>

namespace tarsier::relabel {
namespace {

std::string expanded(std::string_view text, std::string_view pattern = "(one)-(?P<name>two)(x)?",
                     std::string_view value = "one-two") {
  const auto compiled = Pattern::compile(pattern);
  if (!compiled) return compiled.error().message();
  const Replacement replacement = Replacement::compile(text, *compiled);
  std::vector<std::string_view> groups(replacement.groups());
  if (!compiled->match(value, groups)) return "no match";
  Labels texts;
  return std::string(replacement.expand(groups, texts));
}

TEST(Replacement, RefersToGroupsByNumberAndName) {
  EXPECT_EQ(expanded("$1"), "one");
  EXPECT_EQ(expanded("${1}"), "one");
  EXPECT_EQ(expanded("$2:$1"), "two:one");
  EXPECT_EQ(expanded("$name ${name}"), "two two");
  EXPECT_EQ(expanded("$0"), "one-two");
  EXPECT_EQ(expanded("a${1}b"), "aoneb");
  EXPECT_EQ(expanded(""), "");
  EXPECT_EQ(expanded("plain"), "plain");
}

TEST(Replacement, LeavesOutWhatThereIsNot) {
  EXPECT_EQ(expanded("<$3>"), "<>");  // took no part
  EXPECT_EQ(expanded("<$4>"), "<>");
  EXPECT_EQ(expanded("<$other>"), "<>");
  EXPECT_EQ(expanded("<$99999999999999999999999>"), "<>");
  EXPECT_EQ(expanded("<$1>", "plain", "plain"), "<>");
}

TEST(Replacement, TakesTheLongestName) {
  EXPECT_EQ(expanded("$1x"), "");
  EXPECT_EQ(expanded("$1_"), "");
  EXPECT_EQ(expanded("$1-x"), "one-x");
  EXPECT_EQ(expanded("$1ü"), "");  // a letter goes on with the name, a sign does not
  EXPECT_EQ(expanded("$1€"), "one€");
  EXPECT_EQ(expanded("$01"), "");
}

TEST(Replacement, TakesADollarThatBeginsNoReferenceForItself) {
  EXPECT_EQ(expanded("$$1"), "$1");
  EXPECT_EQ(expanded("$"), "$");
  EXPECT_EQ(expanded("a$"), "a$");
  EXPECT_EQ(expanded("$-"), "$-");
  EXPECT_EQ(expanded("${"), "${");
  EXPECT_EQ(expanded("${}"), "${}");
  EXPECT_EQ(expanded("${1"), "${1");
  EXPECT_EQ(expanded("${1-}"), "${1-}");
  EXPECT_EQ(expanded("$$$1"), "$one");
}

}  // namespace
}  // namespace tarsier::relabel
