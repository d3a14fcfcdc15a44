#include "core/config/check.hpp"

#include "config_fixture.hpp"
#include "core/config/host_schema.hpp"

namespace tarsier::config {
namespace {

const TestSchema& scrape_schema() {
  static const TestSchema schema({
      schema_key("interval", TARSIER_KEY_DURATION, "15s", "1s..1h"),
      schema_key("limit", TARSIER_KEY_SIZE, "64MiB", "..1GiB"),
      schema_key("rate", TARSIER_KEY_RATE, "10MB/s"),
      schema_key("ratio", TARSIER_KEY_FLOAT, "0.5", "0..1"),
      schema_key("workers", TARSIER_KEY_INT, "4", "1.."),
      schema_key("verbose", TARSIER_KEY_BOOL, "false"),
      schema_key("mode", TARSIER_KEY_STRING, "fast", "fast|slow"),
      schema_key("token", TARSIER_KEY_STRING, nullptr, nullptr, TARSIER_KEY_SECRET),
      schema_key("old", TARSIER_KEY_INT, nullptr, nullptr, TARSIER_KEY_DEPRECATED, "use workers"),
      schema_key("collectors[]", TARSIER_KEY_STRING, "[\"cpu\", \"load\"]"),
      schema_key("timeouts.read", TARSIER_KEY_DURATION, "5s"),
      schema_key("tls.cert", TARSIER_KEY_STRING, nullptr, nullptr, TARSIER_KEY_REQUIRED),
      schema_key("tls.version", TARSIER_KEY_STRING, "1.2"),
      schema_key("job[].job_name", TARSIER_KEY_STRING, nullptr, nullptr, TARSIER_KEY_REQUIRED),
      schema_key("job[].interval", TARSIER_KEY_DURATION, "1m"),
      schema_key("job[].params.*[]", TARSIER_KEY_STRING),
      schema_key("headers.*", TARSIER_KEY_STRING),
      schema_key("entrypoint.*.address", TARSIER_KEY_STRING, "127.0.0.1:0"),
      schema_key("free", TARSIER_KEY_TABLE),
  });
  return schema;
}

class Check : public ConfigTest {
 protected:
  std::string findings_of(const std::string& section, std::vector<std::string> overrides = {}) {
    return messages(checked("[plugin.scrape]\n" + section, scrape_schema(), std::move(overrides)).findings);
  }
};

TEST_F(Check, SaysWhatWasExpectedWhereItStands) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"interval = 15\n", "tarsier.toml:2:12: plugin.scrape.interval: expected a duration such as \"15s\", got 15\n"},
      {"interval = \"15\"\n",
       "tarsier.toml:2:12: plugin.scrape.interval: expected a duration such as \"15s\", got \"15\", which has no unit (ns, us, ms, "
       "s, m, h, d, w, y)\n"},
      {"interval = \"2h\"\n", "tarsier.toml:2:12: plugin.scrape.interval: expected between 1s and 1h, got \"2h\"\n"},
      {"limit = \"2GiB\"\n", "tarsier.toml:2:9: plugin.scrape.limit: expected at most 1GiB, got \"2GiB\"\n"},
      {"limit = true\n", "tarsier.toml:2:9: plugin.scrape.limit: expected a size such as \"64MiB\", got true\n"},
      {"rate = 5\n", "tarsier.toml:2:8: plugin.scrape.rate: expected a rate such as \"10MB/s\", got 5\n"},
      {"ratio = 1.5\n", "tarsier.toml:2:9: plugin.scrape.ratio: expected between 0 and 1, got 1.5\n"},
      {"ratio = \"1\"\n", "tarsier.toml:2:9: plugin.scrape.ratio: expected a number, got \"1\"\n"},
      {"workers = 0\n", "tarsier.toml:2:11: plugin.scrape.workers: expected at least 1, got 0\n"},
      {"workers = 1.0\n", "tarsier.toml:2:11: plugin.scrape.workers: expected an integer, got 1.0\n"},
      {"verbose = 1\n", "tarsier.toml:2:11: plugin.scrape.verbose: expected true or false, got 1\n"},
      {"mode = \"medium\"\n", "tarsier.toml:2:8: plugin.scrape.mode: expected one of \"fast\", \"slow\", got \"medium\"\n"},
      {"mode = 7\n", "tarsier.toml:2:8: plugin.scrape.mode: expected a string, got 7\n"},
      {"mode = [1]\n", "tarsier.toml:2:8: plugin.scrape.mode: expected a string, got an array\n"},
      {"mode = { files = \"x\" }\n",
       "tarsier.toml:2:8: plugin.scrape.mode: expected a string, { file = \"...\" } or { env = \"...\" }, got a table\n"},
      {"collectors = \"cpu\"\n", "tarsier.toml:2:14: plugin.scrape.collectors: expected an array of strings, got \"cpu\"\n"},
      {"collectors = [\"cpu\", 3]\n", "tarsier.toml:2:22: plugin.scrape.collectors[1]: expected a string, got 3\n"},
      {"timeouts = \"5s\"\n", "tarsier.toml:2:12: plugin.scrape.timeouts: expected a table, got \"5s\"\n"},
      {"job = { job_name = \"a\" }\n", "tarsier.toml:2:7: plugin.scrape.job: expected an array of tables, got a table\n"},
      {"headers = { a = 1 }\n", "tarsier.toml:2:17: plugin.scrape.headers.a: expected a string, got 1\n"},
      {"headers = { \"X-Id.1\" = 1 }\n", "tarsier.toml:2:24: plugin.scrape.headers.\"X-Id.1\": expected a string, got 1\n"},
      {"token = 7\n", "tarsier.toml:2:9: plugin.scrape.token: expected a string, got another value\n"},
      {"isolation = \"chroot\"\n",
       "tarsier.toml:2:13: plugin.scrape.isolation: expected one of \"none\", \"process\", got \"chroot\"\n"},
  };
  for (const auto& [text, message] : cases) EXPECT_EQ(findings_of(text), message);
}

TEST_F(Check, NamesThePathOfAnElement) {
  EXPECT_EQ(findings_of("[[plugin.scrape.job]]\njob_name = \"a\"\n[[plugin.scrape.job]]\njob_name = \"b\"\n"
                        "[[plugin.scrape.job]]\njob_name = \"c\"\ninterval = 15\n"),
            "tarsier.toml:8:12: plugin.scrape.job[2].interval: expected a duration such as \"15s\", got 15\n");
}

TEST_F(Check, NamesTheNearestKnownKey) {
  EXPECT_EQ(findings_of("intervall = \"15s\"\n"),
            "tarsier.toml:2:1: plugin.scrape.intervall: unknown key; did you mean \"interval\"?\n");
  EXPECT_EQ(findings_of("[plugin.scrape.timeouts]\nwrite = \"1s\"\n"),
            "tarsier.toml:3:1: plugin.scrape.timeouts.write: unknown key; known here: read\n");
  EXPECT_EQ(findings_of("job_name = \"a\"\n"),
            "tarsier.toml:2:1: plugin.scrape.job_name: unknown key; did you mean \"job[].job_name\"?\n");
  EXPECT_EQ(findings_of("enable = true\n"), "tarsier.toml:2:1: plugin.scrape.enable: unknown key; did you mean \"enabled\"?\n");
  EXPECT_EQ(findings_of("[hosts]\nx = 1\n"), "tarsier.toml:2:2: hosts: unknown key; did you mean \"host\"?\n");
  EXPECT_EQ(findings_of("[host]\ndatadir = \"x\"\n"), "tarsier.toml:3:1: host.datadir: unknown key; did you mean \"data_dir\"?\n");
}

TEST_F(Check, ReportsEverythingAtOnce) {
  EXPECT_EQ(
      findings_of("interval = 15\nworkers = \"x\"\nnope = 1\n"),
      "tarsier.toml:2:12: plugin.scrape.interval: expected a duration such as \"15s\", got 15\n"
      "tarsier.toml:3:11: plugin.scrape.workers: expected an integer, got \"x\"\n"
      "tarsier.toml:4:1: plugin.scrape.nope: unknown key; known here: use, enabled, isolation, restart, memory_limit, cpu_share, "
      "interval, limit, rate, ratio and 12 more\n");
}

TEST_F(Check, AsksForWhatIsRequiredOnlyInTablesThatAreThere) {
  EXPECT_EQ(findings_of(""), "");
  EXPECT_EQ(findings_of("[plugin.scrape.tls]\n"), "tarsier.toml:2:1: plugin.scrape.tls.cert: is required: a string\n");
  EXPECT_EQ(findings_of("[[plugin.scrape.job]]\n"), "tarsier.toml:2:1: plugin.scrape.job[0].job_name: is required: a string\n");
}

TEST_F(Check, WarnsOfADeprecatedKeyWithoutFailing) {
  const Loaded loaded = checked("[plugin.scrape]\nold = 1\n", scrape_schema());
  EXPECT_EQ(messages(loaded.findings), "tarsier.toml:2:1: plugin.scrape.old: warning: is deprecated: use workers\n");
  EXPECT_TRUE(loaded.ok());
}

TEST_F(Check, FillsInDefaultsAndConvertsUnits) {
  const Loaded loaded =
      checked("[plugin.scrape]\nlimit = \"1KiB\"\n[[plugin.scrape.job]]\njob_name = \"a\"\n[plugin.scrape.entrypoint.main]\n",
              scrape_schema());
  ASSERT_EQ(messages(loaded.findings), "");
  const Node& section = *loaded.root.at_path("plugin.scrape");
  EXPECT_EQ(section.find("interval")->integer, 15'000'000'000);
  EXPECT_TRUE(section.find("interval")->defaulted);
  EXPECT_EQ(section.find("limit")->integer, 1024);
  EXPECT_FALSE(section.find("limit")->defaulted);
  EXPECT_EQ(section.find("rate")->integer, 10'000'000);
  EXPECT_EQ(section.find("ratio")->number, 0.5);
  EXPECT_EQ(section.find("collectors")->children.at(1).text, "load");
  EXPECT_EQ(section.at_path("timeouts.read")->integer, 5'000'000'000);
  EXPECT_EQ(section.find("tls"), nullptr) << "its author must give a certificate";
  EXPECT_EQ(section.find("job")->children.at(0).find("interval")->integer, 60'000'000'000);
  EXPECT_EQ(section.at_path("entrypoint.main.address")->text, "127.0.0.1:0");
  EXPECT_EQ(section.find("interval")->location, path("tarsier.toml") + ":1:1: plugin.scrape.interval");
}

TEST_F(Check, TakesZeroWithoutAUnitAndIntegersAsNumbers) {
  const TestSchema schema({schema_key("wait", TARSIER_KEY_DURATION), schema_key("share", TARSIER_KEY_FLOAT)});
  const Loaded loaded = checked("[plugin.node]\nwait = 0\nshare = 2\n", schema);
  ASSERT_EQ(messages(loaded.findings), "");
  EXPECT_EQ(loaded.root.at_path("plugin.node.wait")->integer, 0);
  EXPECT_EQ(loaded.root.at_path("plugin.node.share")->number, 2.0);
}

TEST_F(Check, LeavesAFreeTableAsItIs) {
  const Loaded loaded = checked("[plugin.scrape.free]\nanything = [1, { a = \"15s\" }]\n", scrape_schema());
  ASSERT_EQ(messages(loaded.findings), "");
  EXPECT_EQ(loaded.root.at_path("plugin.scrape.free.anything")->children.at(1).find("a")->text, "15s");
}

TEST_F(Check, NamesAPluginThatIsNotInstalled) {
  EXPECT_EQ(messages(checked("[plugin.nodes]\n", scrape_schema()).findings),
            "tarsier.toml:1:9: plugin.nodes: no plugin \"nodes\" is installed; did you mean \"node\"?\n");
  EXPECT_EQ(messages(checked("[plugin.mine]\nuse = \"other\"\n", scrape_schema()).findings),
            "tarsier.toml:2:7: plugin.mine.use: no plugin \"other\" is installed\n");
  EXPECT_EQ(messages(checked("[plugin.gone]\nenabled = false\n", scrape_schema()).findings), "");
  EXPECT_EQ(messages(checked("plugin = 3\n", scrape_schema()).findings), "tarsier.toml:1:10: plugin: expected a table, got 3\n");
  EXPECT_EQ(messages(checked("plugin.node = 3\n", scrape_schema()).findings),
            "tarsier.toml:1:15: plugin.node: expected a table, got 3\n");
  EXPECT_EQ(messages(checked("[plugin.\"a b\"]\nuse = \"node\"\n", scrape_schema()).findings),
            "tarsier.toml:1:9: plugin.\"a b\": expected a name of letters, digits, - and _, at most 64\n");
}

TEST_F(Check, GivesTheHostItsSettings) {
  const Loaded loaded =
      checked("[host]\nplugin_dirs = [\"more\"]\nlog.levels = { node = \"debug\" }\nstorage.quota = \"1GiB\"\n", scrape_schema());
  ASSERT_EQ(messages(loaded.findings), "");
  const HostSettings settings = host_settings(loaded.root);
  EXPECT_EQ(settings.data_dir, path("data"));
  EXPECT_EQ(settings.plugin_dirs, std::vector<std::string>{path("more")});
  EXPECT_EQ(settings.durability, "interval");
  EXPECT_EQ(settings.sync_interval_ns, 100'000'000);
  EXPECT_EQ(settings.quota_bytes, 1LL << 30);
  EXPECT_EQ(settings.log_level, "info");
  EXPECT_EQ(settings.log_format, "auto");
  EXPECT_EQ(settings.log_levels.at("node"), "debug");
}

TEST_F(Check, HoldsTheHostsDefaultsWithoutASection) {
  const Loaded loaded = checked("", scrape_schema());
  EXPECT_EQ(host_settings(loaded.root).data_dir, path("data"));
  EXPECT_EQ(host_settings(loaded.root).log_level, "info");
}

TEST_F(Check, GivesAnInstanceItsSettings) {
  const Loaded loaded =
      checked("[plugin.mine]\nuse = \"node\"\nisolation = \"process\"\nmemory_limit = \"64MiB\"\n", scrape_schema());
  ASSERT_EQ(messages(loaded.findings), "");
  const InstanceSettings settings = instance_settings(*loaded.root.at_path("plugin.mine"));
  EXPECT_EQ(settings.name, "mine");
  EXPECT_EQ(settings.plugin, "node");
  EXPECT_TRUE(settings.enabled);
  EXPECT_EQ(settings.isolation, "process");
  EXPECT_EQ(settings.restart, "on-failure");
  EXPECT_EQ(settings.memory_limit_bytes, 64LL << 20);
  EXPECT_EQ(settings.cpu_share, 100);
}

TEST_F(Check, NamesADefectiveSchema) {
  const TestSchema defective({schema_key("a", TARSIER_KEY_INT, "x")});
  EXPECT_EQ(messages(checked("[plugin.node]\n", defective).findings),
            "tarsier.toml:1:1: plugin.node: the plugin's schema is defective: schema key \"a\": default \"x\": expected an "
            "integer, got \"x\"\n");
}

}  // namespace
}  // namespace tarsier::config
