#include "core/config/overrides.hpp"

#include "config_fixture.hpp"

namespace tarsier::config {
namespace {

class Overrides : public ConfigTest {
 protected:
  Loaded with(std::vector<std::string> overrides) {
    write("tarsier.toml",
          "[host]\ninclude = [\"none\"]\n[plugin.node]\ninterval = \"15s\"\n[[plugin.scrape.job]]\njob_name = \"a\"\n");
    return load_main(std::move(overrides));
  }
};

TEST_F(Overrides, TakeTomlOrElseABareString) {
  const Loaded loaded =
      with({"plugin.node.interval=30s", "plugin.node.count=5", "plugin.node.on=true", "plugin.node.names=[\"a\", \"b\"]",
            "plugin.node.text=\"5\"", "plugin.net.entrypoint.main.address=127.0.0.1:19090",
            "plugin.node.empty=", "plugin.node.url=http://x/?a=b"});
  EXPECT_EQ(messages(loaded.findings), "");
  const Node& node = *loaded.root.at_path("plugin.node");
  EXPECT_EQ(node.find("interval")->text, "30s");
  EXPECT_EQ(node.find("count")->integer, 5);
  EXPECT_TRUE(node.find("on")->boolean);
  EXPECT_EQ(node.find("names")->children.at(1).text, "b");
  EXPECT_EQ(node.find("text")->text, "5");
  EXPECT_EQ(node.find("empty")->text, "");
  EXPECT_EQ(node.find("url")->text, "http://x/?a=b");
  EXPECT_EQ(loaded.root.at_path("plugin.net.entrypoint.main.address")->text, "127.0.0.1:19090");
}

TEST_F(Overrides, CannotSmuggleInOtherKeys) {
  const Loaded loaded = with({"plugin.node.a=1\nb = 2"});
  EXPECT_EQ(loaded.root.at_path("plugin.node.a")->text, "1\nb = 2");
}

TEST_F(Overrides, ReachAnElementAndAQuotedKey) {
  const Loaded loaded = with({"plugin.scrape.job[0].job_name=z", "plugin.node.labels.\"a.b\"=c"});
  EXPECT_EQ(messages(loaded.findings), "");
  EXPECT_EQ(loaded.root.at_path("plugin.scrape.job")->children.at(0).find("job_name")->text, "z");
  EXPECT_EQ(loaded.root.at_path("plugin.node.labels")->find("a.b")->text, "c");
}

TEST_F(Overrides, DecideWhatIsIncluded) {
  write("extra/a.toml", "[plugin.extra]\n");
  const Loaded loaded = with({"host.include=[\"" + path("extra/*.toml") + "\"]"});
  EXPECT_EQ(messages(loaded.findings), "");
  EXPECT_NE(loaded.root.at_path("plugin.extra"), nullptr);
}

TEST_F(Overrides, AreRefusedByNameAndWithoutTheirValue) {
  EXPECT_EQ(messages(with({"plugin.node"}).findings),
            "--set plugin.node: expected KEY=VALUE with a dotted key, such as plugin.node.interval=15s\n");
  EXPECT_EQ(messages(with({"a..b=hunter2"}).findings),
            "--set a..b: expected KEY=VALUE with a dotted key, such as plugin.node.interval=15s\n");
  EXPECT_EQ(messages(with({"=1"}).findings), "--set : expected KEY=VALUE with a dotted key, such as plugin.node.interval=15s\n");
  EXPECT_EQ(messages(with({"plugin.node.interval.x=1"}).findings),
            "--set plugin.node.interval.x: leads through a value that is no table, or to an element that no file has\n");
  EXPECT_EQ(messages(with({"plugin.scrape.job[7].x=1"}).findings),
            "--set plugin.scrape.job[7].x: leads through a value that is no table, or to an element that no file has\n");
}

TEST_F(Overrides, AreNamedInTheFindingsOfTheCheck) {
  const TestSchema schema({schema_key("interval", TARSIER_KEY_DURATION),
                           schema_key("password", TARSIER_KEY_STRING, nullptr, nullptr, TARSIER_KEY_SECRET),
                           schema_key("tls.version", TARSIER_KEY_INT)});
  const std::string text = "[plugin.node]\ninterval = \"15s\"\n";
  EXPECT_EQ(messages(checked(text, schema, {"plugin.node.interval=15"}).findings),
            "--set plugin.node.interval: expected a duration such as \"15s\", got 15\n");
  EXPECT_EQ(messages(checked(text, schema, {"plugin.node.tls={ version = \"x\" }"}).findings),
            "--set plugin.node.tls: plugin.node.tls.version: expected an integer, got \"x\"\n");
  const Loaded loaded = checked(text, schema, {"plugin.node.password=1234"});
  EXPECT_EQ(messages(loaded.findings), "");
  EXPECT_EQ(loaded.root.at_path("plugin.node.password")->text, "1234");
  EXPECT_EQ(loaded.root.at_path("plugin.node.password")->location, "--set plugin.node.password");
}

}  // namespace
}  // namespace tarsier::config
