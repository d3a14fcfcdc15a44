#include "core/config/difference.hpp"

#include "config_fixture.hpp"

namespace tarsier::config {
namespace {

class DifferenceOfTrees : public ConfigTest {
 protected:
  Node tree(const std::string& text) {
    static const TestSchema schema({schema_key("interval", TARSIER_KEY_DURATION, "15s"),
                                    schema_key("job[].name", TARSIER_KEY_STRING), schema_key("names[]", TARSIER_KEY_STRING),
                                    schema_key("token", TARSIER_KEY_STRING)});
    Loaded loaded = checked(text, schema);
    EXPECT_EQ(messages(loaded.findings), "");
    return std::move(loaded.root);
  }
};

TEST_F(DifferenceOfTrees, NamesInstancesAndKeys) {
  const Node before =
      tree("[host]\nworkers = 1\n[plugin.node]\n[plugin.scrape]\n[[plugin.scrape.job]]\nname = \"a\"\n[plugin.net]\n");
  const Node after = tree(
      "[host]\nworkers = 2\nlog.level = \"debug\"\n[plugin.new]\nuse = \"node\"\n[plugin.node]\n[plugin.scrape]\nnames = [\"x\"]\n"
      "[[plugin.scrape.job]]\nname = \"b\"\n");
  const Difference result = difference(before, after);
  EXPECT_EQ(result.added, std::vector<std::string>{"new"});
  EXPECT_EQ(result.removed, std::vector<std::string>{"net"});
  EXPECT_EQ(result.unchanged, std::vector<std::string>{"node"});
  ASSERT_EQ(result.changed.size(), 1U);
  EXPECT_EQ(result.changed[0].name, "scrape");
  EXPECT_EQ(result.changed[0].keys, (std::vector<std::string>{"plugin.scrape.job[0].name", "plugin.scrape.names"}));
  EXPECT_EQ(result.host_keys, (std::vector<std::string>{"host.workers", "host.log.level"}));
}

TEST_F(DifferenceOfTrees, IsEmptyWhenOnlyTheSpellingChanged) {
  const Node before = tree("[plugin.node]\ninterval = \"60s\"\nnames = [\"a\"]\n[plugin.net]\n");
  const Node after =
      tree("# a comment\n[plugin.net]\ninterval = \"15s\"\n[plugin.node]\nnames = [\n  \"a\",\n]\ninterval = \"1m\"\n");
  EXPECT_TRUE(difference(before, after).empty());
}

TEST_F(DifferenceOfTrees, TakesADisabledInstanceForAbsent) {
  const Difference result = difference(tree("[plugin.node]\n"), tree("[plugin.node]\nenabled = false\n"));
  EXPECT_EQ(result.removed, std::vector<std::string>{"node"});
}

TEST_F(DifferenceOfTrees, SeesASecretThatChangedInItsFile) {
  write("token", "one");
  const Node before = tree("[plugin.node]\ntoken = { file = \"token\" }\n");
  write("token", "two");
  const Node after = tree("[plugin.node]\ntoken = { file = \"token\" }\n");
  ASSERT_EQ(difference(before, after).changed.size(), 1U);
  EXPECT_EQ(difference(before, after).changed[0].keys, std::vector<std::string>{"plugin.node.token"});
}

}  // namespace
}  // namespace tarsier::config
