#include "core/config/schema.hpp"

#include "config_fixture.hpp"
#include "core/config/host_schema.hpp"

namespace tarsier::config {
namespace {

TEST(SchemaPath, IsSplitIntoKeysArraysAndAnyKeys) {
  using Steps = std::vector<std::string>;
  EXPECT_EQ(*split_schema_path("interval"), Steps({"interval"}));
  EXPECT_EQ(*split_schema_path("job[].params.*[]"), Steps({"job", "[]", "params", "*", "[]"}));
  EXPECT_EQ(*split_schema_path("matrix[][]"), Steps({"matrix", "[]", "[]"}));
  for (const char* path : {"", ".a", "a.", "a..b", "[]", "a[].", "a[b", "a[]b"}) EXPECT_FALSE(split_schema_path(path).ok()) << path;
}

TEST(Schema, TakesTheHostsOwnKeys) {
  auto schema = Schema::compile(host_keys());
  ASSERT_TRUE(schema.ok()) << schema.error().message();
  auto instance = Schema::compile(instance_keys());
  ASSERT_TRUE(instance.ok()) << instance.error().message();
}

TEST(Schema, RefusesDefectsOfAPlugin) {
  const std::vector<std::pair<TestSchema, std::string>> cases = {
      {TestSchema({schema_key("a", 99)}), "schema key \"a\": unknown type 99"},
      {TestSchema({schema_key("a..b", TARSIER_KEY_INT)}), "schema key \"a..b\": malformed path"},
      {TestSchema({schema_key("a", TARSIER_KEY_INT, "many")}),
       "schema key \"a\": default \"many\": expected an integer, got \"many\""},
      {TestSchema({schema_key("a", TARSIER_KEY_STRING, "c", "a|b")}),
       "schema key \"a\": default \"c\": expected one of \"a\", \"b\", got \"c\""},
      {TestSchema({schema_key("a", TARSIER_KEY_INT, nullptr, "1|2")}),
       "schema key \"a\": choices \"1|2\" are no range \"min..max\""},
      {TestSchema({schema_key("a", TARSIER_KEY_DURATION, nullptr, "1..5s")}),
       "schema key \"a\": choices: has no unit (ns, us, ms, s, m, h, d, w, y)"},
      {TestSchema({schema_key("a", TARSIER_KEY_BOOL, nullptr, "0..1")}), "schema key \"a\": a boolean has no choices"},
      {TestSchema({schema_key("a", TARSIER_KEY_TABLE, "x")}), "schema key \"a\": a table has neither default nor choices"},
      {TestSchema({schema_key("a", TARSIER_KEY_INT), schema_key("a.b", TARSIER_KEY_INT)}),
       "schema key \"a\" is declared both as a table and otherwise"},
      {TestSchema({schema_key("a", TARSIER_KEY_INT), schema_key("a[]", TARSIER_KEY_INT)}),
       "schema key \"a\" is declared both as a value and as an array"}};
  for (const auto& [schema, message] : cases) {
    const auto compiled = Schema::compile(schema.span());
    ASSERT_FALSE(compiled.ok()) << message;
    EXPECT_EQ(compiled.error().message(), message);
  }
}

}  // namespace
}  // namespace tarsier::config
