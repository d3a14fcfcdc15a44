// Files that come, change and go while the host runs.
#include <gmock/gmock.h>

#include "core/host/crash_handler.hpp"
#include "test_host.hpp"

namespace tarsier::host {
namespace {

using test::TestHost;
using testing::Contains;
using testing::HasSubstr;

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
  EXPECT_TRUE(report.applied);
  EXPECT_THAT(report.warnings, Contains(HasSubstr("the running version stays: start: this version cannot start")));
  EXPECT_EQ(test.version("behave"), "2.0.0");
  EXPECT_EQ(test.state("behave"), State::running);
}

TEST(DropIn, AFileThatIsOverwrittenInPlaceIsUpgradedToo) {
  TestHost test;
  test.install("behave_v1", "behave");
  test.configure("[plugin.behave]\nvalue = 1\n");
  ASSERT_EQ(test.start(true), "");
  for (int round = 0; round < 10; ++round) {
    const bool odd = round % 2 == 1;
    test.overwrite(odd ? "behave_v1" : "behave_v2", "behave");
    EXPECT_EQ(test.value("behave"), 1) << "what runs is not touched";
    ASSERT_TRUE(TestHost::eventually([&] { return test.version("behave") == (odd ? "1.0.0" : "2.0.0"); }));
  }
  EXPECT_EQ(test.entry("behave").file, test.path("plugins/behave.so"));
  const auto crash_note =
      test.probe("behave", [](const test_probe& table) { return crash::owner_of(reinterpret_cast<const void*>(table.value)); });
  EXPECT_THAT(*crash_note, HasSubstr("(" + test.path("plugins/behave.so") + ", "));
  EXPECT_EQ(test.stop(), 0);
  EXPECT_TRUE(std::filesystem::is_empty(test.path("data/modules")));
}

TEST(DropIn, AFileThatIsHalfWrittenIsRefusedByNameUntilItIsWhole) {
  TestHost test;
  test.install("behave_v1", "plugin-of-another-name");
  test.configure("[plugin.behave]\nvalue = 1\n");
  ASSERT_EQ(test.start(), "");
  const std::string whole = TestHost::fixture_content("behave_v2");
  for (const size_t size : {size_t{0}, size_t{100}, whole.size() / 2, whole.size() - 1}) {
    test.write("plugins/plugin-of-another-name.so", whole.substr(0, size));
    const ApplyReport report = test.reload();
    EXPECT_THAT(report.warnings, Contains(HasSubstr(test.path("plugins/plugin-of-another-name.so")))) << size;
    EXPECT_EQ(test.version("behave"), "1.0.0") << size;
  }
  test.write("plugins/plugin-of-another-name.so", whole);
  EXPECT_TRUE(test.reload().applied);
  EXPECT_EQ(test.version("behave"), "2.0.0");
}

TEST(DropIn, WithoutRoomForACopyTheFileItselfRunsAndIsRefusedWhenItIsOverwritten) {
  TestHost test;
  std::filesystem::create_directories(test.path("data"));
  test.write("data/modules", "no directory");
  test.install("behave_v1", "behave");
  test.configure("[plugin.behave]\nvalue = 1\n");
  ASSERT_EQ(test.start(), "");
  EXPECT_EQ(test.value("behave"), 1);
  std::filesystem::last_write_time(test.path("plugins/behave.so"), std::filesystem::file_time_type::clock::now());
  const ApplyReport report = test.reload();
  EXPECT_THAT(report.warnings, Contains(HasSubstr("was overwritten in place while it is in use")));
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
