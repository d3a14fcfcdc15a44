#include "core/config/placed_errors.hpp"

#include "gtest/gtest.h"

namespace tarsier::config {
namespace {

Findings errors(std::string_view text) {
  return placed_errors(text, {std::make_shared<const Source>(Source{"x.toml", "", false}), 1, 9}, "plugin.alerts");
}

TEST(PlacedErrors, AreWhereTheyThemselvesSay) {
  const auto found = errors("x.toml:2:17: plugin.alerts.route.receiver: receiver \"a: b\" is not among the receivers");
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].file, "x.toml");
  EXPECT_EQ(found[0].line, 2U);
  EXPECT_EQ(found[0].column, 17U);
  EXPECT_EQ(found[0].path, "plugin.alerts.route.receiver");
  EXPECT_EQ(found[0].message, "receiver \"a: b\" is not among the receivers");
}

TEST(PlacedErrors, AreOneALineAndNeedNoKey) {
  const auto found = errors("/etc/a:b/rules.yml:9:39: group \"node\": parse error\nrules.yml:10:14: for: not a duration\n");
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].text(), "/etc/a:b/rules.yml:9:39: group \"node\": parse error");
  EXPECT_EQ(found[0].path, "");
  EXPECT_EQ(found[1].text(), "rules.yml:10:14: for: not a duration");
}

TEST(PlacedErrors, WithoutAPlaceAreAboutTheSection) {
  for (const char* text :
       {"out of luck", "connect: http://a:1:2: refused", "x.toml:2: no column", ":1:2: no file", "x:1:2:no word"}) {
    const auto found = errors(text);
    ASSERT_EQ(found.size(), 1U) << text;
    EXPECT_EQ(found[0].text(), std::string("x.toml:1:9: plugin.alerts: ") + text);
  }
  EXPECT_TRUE(errors("").empty());
}

}  // namespace
}  // namespace tarsier::config
