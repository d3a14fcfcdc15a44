#include "core/config/render.hpp"

#include "config_fixture.hpp"
#include "core/config/toml_reader.hpp"

namespace tarsier::config {
namespace {

Node read(const std::string& text) {
  Findings findings;
  Node node = read_toml(text, std::make_shared<const Source>(), findings);
  EXPECT_EQ(to_text(findings), "");
  return node;
}

TEST(Render, WritesTablesArraysOfTablesAndValues) {
  const std::string text =
      "title = \"a\\\"b\\\\c\\n\\u0001\\u007F\"\n"
      "list = [1, 2.0, true, { a = 1, b = {} }, []]\n"
      "\n[plugin.node]\n"
      "\"a key\" = -0.5\n"
      "e = 1e+100\n"
      "n = nan\n"
      "i = -inf\n"
      "\n[[plugin.scrape.job]]\n"
      "name = \"x\"\n"
      "\n[plugin.scrape.job.labels]\n"
      "env = \"prod\"\n"
      "\n[[plugin.scrape.job]]\n"
      "\n[plugin.empty]\n";
  EXPECT_EQ(render_toml(read(text)), text);
}

TEST(Render, PutsValuesBeforeTablesAndIsStableFromThenOn) {
  const std::string once = render_toml(read("a.b = 1\nc = 2\na.d.e = 3\n[x]\n[x.y]\nz = 1\n"));
  EXPECT_EQ(once, "c = 2\n\n[a]\nb = 1\n\n[a.d]\ne = 3\n\n[x.y]\nz = 1\n");
  EXPECT_EQ(render_toml(read(once)), once);
}

TEST(Render, WritesOneSection) {
  const Node root = read("[plugin.node]\na = 1\n[plugin.node.sub]\nb = 2\n");
  EXPECT_EQ(render_toml(*root.at_path("plugin.node"), "plugin.node"), "[plugin.node]\na = 1\n\n[plugin.node.sub]\nb = 2\n");
}

class RenderChecked : public ConfigTest {};

TEST_F(RenderChecked, ShowsTheEffectiveConfigurationInUnits) {
  const TestSchema schema({schema_key("interval", TARSIER_KEY_DURATION, "90s"), schema_key("limit", TARSIER_KEY_SIZE, "64KB"),
                           schema_key("rate", TARSIER_KEY_RATE, "2MiB/s"), schema_key("labels.*", TARSIER_KEY_STRING)});
  const Loaded loaded = checked("[plugin.node]\ninterval = \"3600s\"\nlabels.b = \"x\"\n", schema);
  EXPECT_EQ(render_toml(*loaded.root.at_path("plugin.node"), "plugin.node"),
            "[plugin.node]\ninterval = \"1h\"\nenabled = true\nisolation = \"none\"\nrestart = \"on-failure\"\nmemory_limit = "
            "\"0B\"\ncpu_share = 100\n"
            "limit = \"64KB\"\nrate = \"2MiB/s\"\n\n[plugin.node.labels]\nb = \"x\"\n");
}

}  // namespace
}  // namespace tarsier::config
