#include "core/loader/plugin_directory.hpp"

#include "fixtures.hpp"
#include "gmock/gmock.h"

namespace tarsier::loader {
namespace {

using test::fixture;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(PluginDirectory, FindsPluginsByIdAndFormerId) {
  const test::TempDir directory;
  test::install(fixture("good"), directory / "good.so");
  test::install(fixture("pinned"), directory / "pinned.so");
  test::write_file(directory / "half.so.tmp", "being written");
  test::write_file(directory / ".hidden.so", "being written");
  PluginDirectory plugins({directory.string()});
  plugins.scan();
  EXPECT_THAT(plugins.ids(), ElementsAre("good", "pinned"));
  std::string id;
  ASSERT_NE(plugins.find("fine", &id), nullptr);
  EXPECT_EQ(id, "good");
  EXPECT_EQ(plugins.find("absent"), nullptr);
  EXPECT_EQ(plugins.files().size(), 2U);
}

TEST(PluginDirectory, KeepsRefusedFilesWithTheirReason) {
  const test::TempDir directory;
  test::write_file(directory / "text.so", "hello");
  test::install(fixture("newer_minor"), directory / "newer.so");
  PluginDirectory plugins({directory.string()});
  plugins.scan();
  ASSERT_EQ(plugins.files().size(), 2U);
  EXPECT_THAT(plugins.files()[0].refusal, HasSubstr("needs a newer host"));
  EXPECT_THAT(plugins.files()[1].refusal, HasSubstr("not an ELF file"));
  EXPECT_TRUE(plugins.ids().empty());
}

TEST(PluginDirectory, TheFirstDirectoryWins) {
  const test::TempDir mine, theirs;
  test::install(fixture("good"), theirs / "good.so");
  test::install(fixture("good_v2"), mine / "good.so");
  PluginDirectory plugins({mine.string(), theirs.string(), "/nowhere"});
  plugins.scan();
  EXPECT_EQ(plugins.find("good")->path, mine / "good.so");
  EXPECT_THAT(plugins.files()[1].shadowed, ElementsAre("good"));
}

TEST(PluginDirectory, SeesFilesComeChangeAndGo) {
  const test::TempDir directory;
  PluginDirectory plugins({directory.string()});
  plugins.scan();
  EXPECT_TRUE(plugins.files().empty());
  test::install(fixture("good"), directory / "good.so");
  plugins.scan();
  ASSERT_NE(plugins.find("good"), nullptr);
  const FileIdentity first = plugins.find("good")->identity;
  test::install(fixture("good_v2"), directory / "good.so");
  plugins.scan();
  EXPECT_NE(plugins.find("good")->identity, first);
  std::filesystem::remove(directory / "good.so");
  plugins.scan();
  EXPECT_EQ(plugins.find("good"), nullptr);
}

}  // namespace
}  // namespace tarsier::loader
