// Files that come, change and go while the host runs.
#include <gmock/gmock.h>

#include "test_host.hpp"

namespace tarsier::host {
namespace {

using test::TestHost;

TEST(DropIn, AFileAndItsSectionStartWithoutARestart) {
  TestHost test;
  test.configure("");
  ASSERT_EQ(test.start(true), "");
  test.write("conf.d/behave.toml", "[plugin.behave]\nvalue = 9\n");  // in whichever order
  test.install("behave_v1", "behave");
  EXPECT_TRUE(TestHost::eventually([&] { return test.value("behave") == 9; }));
}

TEST(DropIn, AReplacedFileIsUpgradedInPlace) {
  TestHost test;
  test.install("behave_v1", "behave");
  test.configure("[plugin.behave]\nvalue = 1\n");
  ASSERT_EQ(test.start(true), "");
  test.install("behave_v2", "behave");
  EXPECT_TRUE(TestHost::eventually([&] { return test.version("behave") == "2.0.0"; }));
  test.install("behave_broken", "behave");
  const ApplyReport report = test.reload();  // whoever looks first, the reload or the watch: the broken version is refused
  EXPECT_FALSE(report.applied);
  EXPECT_EQ(test.version("behave"), "2.0.0");
  EXPECT_EQ(test.state("behave"), State::running);
}

TEST(DropIn, ARemovedSectionOrFileIsDrained) {
  TestHost test;
  test.install("behave_v1", "behave");
  test.configure("");
  test.write("conf.d/a.toml", "[plugin.a]\nuse = \"behave\"\n");
  test.write("conf.d/b.toml", "[plugin.b]\nuse = \"behave\"\n");
  ASSERT_EQ(test.start(true), "");
  test.remove("conf.d/a.toml");
  EXPECT_TRUE(TestHost::eventually([&] { return !test.value("a").has_value(); }));
  EXPECT_TRUE(test.value("b").has_value());
  test.remove("plugins/behave.so");
  EXPECT_TRUE(TestHost::eventually([&] { return test.state("b") == State::refused; }));
  test.install("behave_v2", "behave");
  EXPECT_TRUE(TestHost::eventually([&] { return test.version("b") == "2.0.0"; }));
}

TEST(DropIn, ABadSectionLeavesTheRestAlone) {
  TestHost test;
  test.install("behave_v1", "behave");
  test.configure("[plugin.behave]\nvalue = 1\n");
  ASSERT_EQ(test.start(true), "");
  test.write("conf.d/bad.toml", "[plugin.bad\n");
  test.write("plugins/text.so", "I am no plugin");
  test.write("conf.d/good.toml", "[plugin.good]\nuse = \"behave\"\nvalue = 2\n");
  test.remove("conf.d/bad.toml");
  EXPECT_TRUE(TestHost::eventually([&] { return test.value("good") == 2; }));
  EXPECT_EQ(test.value("behave"), 1);
}

}  // namespace
}  // namespace tarsier::host
