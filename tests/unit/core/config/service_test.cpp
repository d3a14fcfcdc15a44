#include "core/config/service.hpp"

#include "config_fixture.hpp"
#include "tarsier/result.hpp"

namespace tarsier::config {
namespace {

class ConfigService : public ConfigTest {};

TEST_F(ConfigService, ReadsATreeThroughTheContract) {
  const TestSchema schema({schema_key("interval", TARSIER_KEY_DURATION), schema_key("ratio", TARSIER_KEY_FLOAT),
                           schema_key("on", TARSIER_KEY_BOOL), schema_key("names[]", TARSIER_KEY_STRING),
                           schema_key("count", TARSIER_KEY_INT)});
  const Loaded loaded =
      checked("[plugin.node]\ninterval = \"15s\"\nratio = 0.5\non = true\nnames = [\"a\", \"b\"]\ncount = 3\n", schema);
  ASSERT_EQ(messages(loaded.findings), "");
  const tarsier_config_api* api = config_service();
  EXPECT_EQ(api->size, sizeof(tarsier_config_api));
  const Node* node = loaded.root.at_path("plugin.node");
  const auto get = [&](std::string_view key) { return api->get(node, str(key)); };
  EXPECT_EQ(api->kind(node), TARSIER_NODE_TABLE);
  EXPECT_EQ(view(api->key_at(node, 0)), "interval");
  EXPECT_EQ(view(api->key_at(node, 9999)), "");
  EXPECT_EQ(api->at(node, 9999), nullptr);
  EXPECT_EQ(get("absent"), nullptr);
  EXPECT_EQ(api->as_int(get("interval")), 15'000'000'000);
  EXPECT_EQ(api->as_float(get("ratio")), 0.5);
  EXPECT_EQ(api->as_float(get("count")), 3.0);
  EXPECT_EQ(api->as_bool(get("on")), 1);
  EXPECT_EQ(api->count(get("names")), 2U);
  EXPECT_EQ(view(api->as_string(api->at(get("names"), 1))), "b");
  EXPECT_EQ(view(api->key_at(get("names"), 1)), "");
  EXPECT_EQ(api->count(get("count")), 0U);
  EXPECT_EQ(view(api->as_string(get("count"))), "");
  EXPECT_EQ(api->as_int(get("ratio")), 0);
  EXPECT_EQ(view(api->location(get("interval"))), path("tarsier.toml") + ":2:12: plugin.node.interval");
  EXPECT_EQ(view(api->directory(get("interval"))), directory_.string());
}

}  // namespace
}  // namespace tarsier::config
