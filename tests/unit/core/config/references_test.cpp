#include "core/config/references.hpp"

#include "tests/unit/core/config/config_fixture.hpp"

namespace tarsier::config {
namespace {

using ::testing::HasSubstr;

class References : public ConfigTest {
 protected:
  /// What is said of the section [plugin.node] with these lines.
  std::string said(const std::string& lines) const {
    const TestSchema schema({schema_key("to", TARSIER_KEY_STRING, "nobody", "@tarsier.notifier/1"),
                             schema_key("list[].notifiers[]", TARSIER_KEY_STRING, nullptr, "@tarsier.notifier/1"),
                             schema_key("text", TARSIER_KEY_STRING)});
    Loaded loaded = checked("[plugin.node]\n" + lines, schema);
    const std::vector<Provider> providers = {{"webhook", true, true, {"other/1", "tarsier.notifier/1"}},
                                             {"email", true, true, {"tarsier.notifier/1"}},
                                             {"off", false, false, {}},
                                             {"absent", true, false, {}},
                                             {"samples", true, true, {"tarsier.samples.store/1"}}};
    check_references(*loaded.root.at_path("plugin.node"), providers, loaded.findings);
    return messages(loaded.findings);
  }
};

TEST_F(References, NameWhoOffersTheService) {
  EXPECT_EQ(said("to = \"webhook\"\nlist = [{ notifiers = [\"email\", \"webhook\"] }]\n"), "");
  EXPECT_EQ(said("text = \"anything\"\n"), "") << "neither the default nor other strings are references";
}

TEST_F(References, ThatNobodyAnswersToAreNamedWithTheirPlaceAndTheNearest) {
  EXPECT_EQ(
      said("list = [\n{ notifiers = [\"email\",\n  \"webhok\"] }]\n"),
      "tarsier.toml:4:3: plugin.node.list[0].notifiers[1]: expected an instance that offers tarsier.notifier/1, got \"webhok\", "
      "which is no instance; did you mean \"webhook\"?\n");
  EXPECT_THAT(said("to = \"pagerduty\"\n"), HasSubstr("got \"pagerduty\", which is no instance; known here: webhook, email\n"));
  EXPECT_THAT(said("to = \"\"\n"), HasSubstr("tarsier.toml:2:6: plugin.node.to: expected an instance"));
}

TEST_F(References, DoNotNameWhatIsDisabledOrOffersSomethingElse) {
  EXPECT_THAT(said("to = \"off\"\n"), HasSubstr("got \"off\", which is disabled\n"));
  EXPECT_THAT(said("to = \"samples\"\n"), HasSubstr("got \"samples\", which does not offer it; known here: webhook, email\n"));
}

TEST_F(References, MayNameAnInstanceWhosePluginIsNotThere) { EXPECT_EQ(said("to = \"absent\"\n"), ""); }

}  // namespace
}  // namespace tarsier::config
