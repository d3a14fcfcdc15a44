// The plugin file as a whole, on files of a temporary directory.
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include "tests/unit/plugins/collect/support/loaded_plugin.hpp"
#include "tests/unit/plugins/discover/support/found_targets.hpp"

namespace tarsier::discover_file {
namespace {

using fake::Node;
using testing::HasSubstr;
using Found = std::map<std::string, std::string>;

class FilePluginTest : public testing::Test {
 protected:
  FilePluginTest() {
    std::string name = testing::TempDir() + "/targets-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) bug("mkdtemp failed");
    folder_ = name;
  }
  ~FilePluginTest() override {
    EXPECT_EQ(plugin_.stop(), "");
    std::filesystem::remove_all(folder_);
  }

  Node config(const std::string& pattern, const char* job = "web", int64_t interval_ns = 300'000'000'000) const {
    return Node::table(
        {{"job_name", job}, {"files", Node::array({Node((folder_ + "/" + pattern).c_str())})}, {"refresh_interval", interval_ns}});
  }
  static Node all(std::initializer_list<Node> configs) { return Node::table({{"config", Node::array(configs)}}); }
  void write(const std::string& name, std::string_view text) const {
    std::ofstream out(folder_ + "/" + name + ".new", std::ios::binary);
    out << text;
    out.close();
    std::filesystem::rename(folder_ + "/" + name + ".new", folder_ + "/" + name);
  }
  void start(const Node& node) {
    ASSERT_EQ(plugin_.configure(node), "");
    ASSERT_EQ(plugin_.start(), "");
  }
  /// "a.yml" -> addresses
  Found found() const {
    Found short_names;
    for (const auto& [name, targets] : fake::found_targets(fake_)) {
      const size_t at = name.find(folder_);
      std::string text;
      for (size_t from = targets.find("__address__="); from != std::string::npos; from = targets.find("__address__=", from + 1))
        text += (text.empty() ? "" : " ") + targets.substr(from + 12, targets.find(',', from) - from - 12);
      short_names[name.substr(0, at) + name.substr(at + folder_.size() + 1)] = text;
    }
    return short_names;
  }

  std::string folder_;
  fake::FakeHost fake_;
  fake::LoadedPlugin plugin_{fake_, TARSIER_DISCOVER_FILE_PLUGIN};
};

TEST_F(FilePluginTest, ReadsJsonAndYaml) {
  write("a.yml", "- targets: [a:1, a:2]\n  labels: {env: prod}\n");
  write("b.JSON", R"([{"targets": ["b:1"]}])");
  write("c.txt", "no targets");
  start(all({config("*.yml"), config("*.JSON")}));
  EXPECT_EQ(fake::found_targets(fake_).at("web test/" + folder_ + "/a.yml"),
            "__address__=a:1,__meta_filepath=" + folder_ + "/a.yml,env=prod\n__address__=a:2,__meta_filepath=" + folder_ +
                "/a.yml,env=prod\n");
  EXPECT_EQ(found(), (Found{{"web test/a.yml", "a:1 a:2"}, {"web test/b.JSON", "b:1"}}));
}

TEST_F(FilePluginTest, TakesNewChangedAndRemovedFilesAtOnce) {
  write("a.yml", "- targets: [a:1]\n");
  start(all({config("*.yml")}));
  write("a.yml", "- targets: [a:2]\n");
  write("b.yml", "- targets: [b:1]\n");
  fake_.touch(folder_);
  EXPECT_EQ(found(), (Found{{"web test/a.yml", "a:2"}, {"web test/b.yml", "b:1"}}));
  std::filesystem::remove(folder_ + "/a.yml");
  fake_.touch(folder_);
  EXPECT_EQ(found(), (Found{{"web test/b.yml", "b:1"}}));
}

TEST_F(FilePluginTest, LooksAgainWithoutAWatch) {
  start(all({config("*.yml", "web", 7'000'000'000)}));
  ASSERT_EQ(fake_.timers.size(), 1U);
  EXPECT_EQ(fake_.timers[0].interval_ns, 7'000'000'000);
  write("a.yml", "- targets: [a:1]\n");
  fake_.fire_timers();
  EXPECT_EQ(found(), (Found{{"web test/a.yml", "a:1"}}));
}

TEST_F(FilePluginTest, ABrokenFileKeepsItsTargetsAndIsTold) {
  write("a.yml", "- targets: [a:1]\n");
  write("b.json", R"([{"targets": ["b:1"]}])");
  start(all({config("*.yml"), config("*.json")}));
  write("a.yml", "- targets: [a:2]\n- oops\n");
  write("b.json", "[{\"targets\":\n [\"b:2\"");
  fake_.touch(folder_);
  EXPECT_EQ(found(), (Found{{"web test/a.yml", "a:1"}, {"web test/b.json", "b:1"}}));
  ASSERT_EQ(fake_.log.size(), 2U);
  EXPECT_THAT(fake_.log[0], HasSubstr(folder_ + "/a.yml:2:3: expected a target group"));
  EXPECT_THAT(fake_.log[1], HasSubstr(folder_ + "/b.json:2:8: expected ',' or ']'"));
  EXPECT_THAT(fake_.health, HasSubstr("a.yml:2:3"));
  EXPECT_EQ(fake_.metrics["tarsier_discovery_refresh_failures_total"], 2);
  write("a.yml", "- targets: [a:3]\n");
  std::filesystem::remove(folder_ + "/b.json");
  fake_.touch(folder_);
  EXPECT_EQ(found(), (Found{{"web test/a.yml", "a:3"}}));
  EXPECT_EQ(fake_.health, "ok");
}

TEST_F(FilePluginTest, WhatIsNoFileIsNotRead) {
  std::filesystem::create_directory(folder_ + "/d.yml");
  start(all({config("*.yml")}));
  EXPECT_THAT(fake_.health, HasSubstr("/d.yml: cannot be read: it is no regular file"));
}

TEST_F(FilePluginTest, TooLargeFilesAreRefused) {
  write("a.yml", "- targets: [a:1]\n");
  start(all({config("*.yml")}));
  std::filesystem::resize_file(folder_ + "/a.yml", (16U << 20U) + 1);
  fake_.touch(folder_);
  EXPECT_THAT(fake_.health, HasSubstr("/a.yml: larger than 16 MiB"));
  EXPECT_EQ(found().size(), 1U);
}

TEST_F(FilePluginTest, AReloadLeavesAloneWhatHasNotChanged) {
  write("a.yml", "- targets: [a:1]\n");
  write("b.yml", "- targets: [b:1]\n");
  start(all({config("a.yml", "one"), config("b.yml", "two")}));
  const size_t told = fake_.batches.size(), read = static_cast<size_t>(fake_.metrics["tarsier_discovery_refreshes_total"]);
  ASSERT_EQ(plugin_.reconfigure(all({config("b.yml", "two"), config("a.yml", "one")})), "");
  EXPECT_EQ(fake_.metrics["tarsier_discovery_refreshes_total"], read);
  write("a.yml", "- broken");
  ASSERT_EQ(plugin_.reconfigure(all({config("a.yml", "one", 1'000'000'000), config("b.yml", "two")})), "");
  EXPECT_EQ(fake_.batches.size(), told) << "the same files: nothing is told, and the last list stays";
  ASSERT_EQ(plugin_.reconfigure(all({config("b.yml", "two")})), "");
  EXPECT_EQ(found(), (Found{{"two test/b.yml", "b:1"}}));
  EXPECT_EQ(fake_.health, "ok");
}

TEST_F(FilePluginTest, StoppedItTakesItsTargetsWithIt) {
  write("a.yml", "- targets: [a:1]\n");
  start(all({config("a.yml")}));
  EXPECT_EQ(plugin_.stop(), "");
  EXPECT_EQ(found(), Found{});
}

TEST_F(FilePluginTest, StartedAgainItGoesOnWithWhatItWasTold) {
  write("a.yml", "- targets: [a:1]\n");
  write("b.yml", "- targets: [b:1]\n");
  start(all({config("a.yml")}));
  ASSERT_EQ(plugin_.reconfigure(all({config("b.yml")})), "");
  ASSERT_EQ(plugin_.stop(), "");
  ASSERT_EQ(plugin_.start(), "");
  EXPECT_EQ(found(), (Found{{"web test/b.yml", "b:1"}}));
  EXPECT_EQ(fake_.metrics["tarsier_discovery_targets"], 1);
  std::filesystem::remove(folder_ + "/b.yml");
  fake_.touch(folder_);
  EXPECT_EQ(found(), Found{});
}

TEST_F(FilePluginTest, RefusesWhatCannotBe) {
  EXPECT_THAT(plugin_.configure(all({config("a.txt")})), HasSubstr("test.toml:1:1: '" + folder_ + "/a.txt' is no pattern"));
  EXPECT_THAT(plugin_.configure(all({config("*/a.yml")})), HasSubstr("only the last part of the path may have them"));
  EXPECT_THAT(plugin_.configure(all({config("a.yml"), config("a.yml")})),
              HasSubstr("job 'web' has the files " + folder_ + "/a.yml twice"));
  EXPECT_THAT(plugin_.configure(all({Node::table({{"job_name", "x"}})})), HasSubstr("files names no file"));
  EXPECT_THAT(plugin_.configure(all({config("a.yml", "")})), HasSubstr("job_name is empty"));
}

}  // namespace
}  // namespace tarsier::discover_file
