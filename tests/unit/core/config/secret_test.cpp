#include "core/config/secret.hpp"

#include <sys/stat.h>

#include "config_fixture.hpp"
#include "core/config/render.hpp"

namespace tarsier::config {
namespace {

const TestSchema& secret_schema() {
  static const TestSchema schema({schema_key("token", TARSIER_KEY_STRING, nullptr, "hunter2|other", TARSIER_KEY_SECRET),
                                  schema_key("user", TARSIER_KEY_STRING),
                                  schema_key("keys[]", TARSIER_KEY_STRING, nullptr, nullptr, TARSIER_KEY_SECRET),
                                  schema_key("any", TARSIER_KEY_TABLE, nullptr, nullptr, TARSIER_KEY_SECRET)});
  return schema;
}

class Secret : public ConfigTest {
 protected:
  Loaded node(const std::string& section) { return checked("[plugin.node]\n" + section, secret_schema()); }
};

TEST_F(Secret, IsReadFromAFileBesideTheConfiguration) {
  write("token.txt", "hunter2\n");
  const Loaded loaded = node("token = { file = \"token.txt\" }\nuser = { file = \"" + path("token.txt") + "\" }\n");
  ASSERT_EQ(messages(loaded.findings), "");
  EXPECT_EQ(loaded.root.at_path("plugin.node.token")->text, "hunter2");
  EXPECT_EQ(loaded.root.at_path("plugin.node.user")->text, "hunter2");
}

TEST_F(Secret, IsReadFromTheEnvironment) {
  ::setenv("TARSIER_TEST_SECRET", "hunter2", 1);
  const Loaded loaded = node("token = { env = \"TARSIER_TEST_SECRET\" }\n");
  ::unsetenv("TARSIER_TEST_SECRET");
  ASSERT_EQ(messages(loaded.findings), "");
  EXPECT_EQ(loaded.root.at_path("plugin.node.token")->text, "hunter2");
}

TEST_F(Secret, SaysWhichFileOrVariableIsMissing) {
  EXPECT_EQ(messages(node("token = { file = \"/nonexistent/x\" }\nkeys = [{ env = \"TARSIER_TEST_UNSET\" }]\n").findings),
            "tarsier.toml:2:9: plugin.node.token: secret file /nonexistent/x: cannot be opened: No such file or directory\n"
            "tarsier.toml:3:9: plugin.node.keys[0]: the environment variable TARSIER_TEST_UNSET is not set\n");
  EXPECT_EQ(messages(node("token = { file = \"/dev/zero\" }\n").findings),
            "tarsier.toml:2:9: plugin.node.token: secret file /dev/zero: is not a regular file\n");
}

TEST_F(Secret, NeverPrints) {
  write("token.txt", "hunter2");
  const Loaded loaded =
      node("token = \"hunter2\"\nuser = { file = \"token.txt\" }\nkeys = [\"hunter2\"]\nany = { deep = [\"hunter2\"] }\n");
  ASSERT_EQ(messages(loaded.findings), "");
  const std::string text = render_toml(loaded.root);
  EXPECT_THAT(text, ::testing::Not(::testing::HasSubstr("hunter2")));
  EXPECT_THAT(text, ::testing::HasSubstr("token = \"<secret>\""));
  EXPECT_THAT(text, ::testing::HasSubstr("user = \"<secret>\""));
  EXPECT_THAT(text, ::testing::HasSubstr("keys = [\"<secret>\"]"));
  EXPECT_THAT(text, ::testing::HasSubstr("any = \"<secret>\""));
}

TEST_F(Secret, IsInNoMessageAndInNothingThatCouldNotBeChecked) {
  const Loaded loaded =
      checked("[plugin.node]\ntoken = \"geheim\"\ntokn = \"geheim\"\n[plugin.other]\nkey = \"geheim\"\nuse = \"absent\"\n",
              secret_schema());
  EXPECT_THAT(messages(loaded.findings), ::testing::Not(::testing::HasSubstr("geheim")));
  EXPECT_THAT(messages(loaded.findings),
              ::testing::HasSubstr("plugin.node.token: expected one of \"hunter2\", \"other\", got another value"));
  EXPECT_THAT(render_toml(loaded.root), ::testing::Not(::testing::HasSubstr("geheim")));
}

}  // namespace
}  // namespace tarsier::config
