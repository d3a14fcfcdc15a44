// tarsier doctor without a host that runs: what it says of a configuration, and what plugins propose. tests/e2e/doctor_test.py has
// the rest.
#include <cstdlib>
#include <gmock/gmock.h>

#include "program.hpp"
#include "test_host.hpp"

namespace tarsier::host {
namespace {

using test::Answer;
using test::tarsier_says;
using test::TestHost;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

/// With a plugin that comes to grief as `what` says.
struct Discovery {
  TestHost test;
  Discovery() {
    test.install("suggests", "suggests");
    test.configure("");
  }
  Answer ask(const std::string& what, const std::string& options = {}) {
    return tarsier_says("doctor --discover -c " + test.path("tarsier.toml") + " --plugin suggests --timeout 2s " + options,
                        "FIXTURE_SUGGEST=" + what);
  }
};

TEST(Discover, PrintsSectionsThatCanBeDroppedIn) {
  Discovery discovery;
  const Answer answer = discovery.ask("");
  EXPECT_EQ(answer.code, 0) << answer.text;
  EXPECT_THAT(answer.text, HasSubstr("# a thing at 127.0.0.1:7\n# it was seen\n# twice\n# To do: make a user\n[plugin.thing]\n"));
  discovery.test.write("conf.d/found.toml", answer.text.substr(answer.text.find("# a thing")));
  EXPECT_EQ(tarsier_says("check -c " + discovery.test.path("tarsier.toml")).code, 0);
}

TEST(Discover, DoesNotProposeWhatIsConfigured) {
  Discovery discovery;
  discovery.test.configure("[plugin.mine]\nuse = \"suggests\"\nvalue = \"127.0.0.1:7\"\n");
  EXPECT_THAT(discovery.ask("").text, HasSubstr("# Configured already: a thing at 127.0.0.1:7\n"));
  discovery.test.configure("[plugin.suggests]\n");
  EXPECT_THAT(discovery.ask("").text, HasSubstr("# Configured already: a thing at")) << "its default is the same in other words";
  EXPECT_THAT(discovery.ask("whole").text, HasSubstr("# Configured already: this machine\n")) << "any section of the plugin";
  discovery.test.configure("[plugin.suggests]\nvalue = \"127.0.0.1:8\"\n");
  EXPECT_THAT(discovery.ask("").text, HasSubstr("[plugin.thing]\n"));
}

TEST(Discover, KeepsWhatWasSaidBeforeAPluginCameToGrief) {
  Discovery discovery;
  const std::pair<const char*, const char*> ends[] = {
      {"hang", "suggests: gave no answer within 2000 ms"},
      {"throw", "suggests: exception: told to throw"},
      {"fail", "suggests: told to fail"},
      {"abort", "suggests: crashed: Aborted"},
      {"crash", "suggests: "},  // a signal, or a sanitizer's word
  };
  for (const auto& [what, failure] : ends) {
    const Answer answer = discovery.ask(what);
    EXPECT_EQ(answer.code, 1) << what;
    EXPECT_THAT(answer.text, HasSubstr("[plugin.thing]\n")) << what;
    EXPECT_THAT(answer.text, HasSubstr(std::string("tarsier: ") + failure)) << what;
  }
}

TEST(Discover, RefusesProposalsThatDoNotCheck) {
  Discovery discovery;
  const Answer wrong = discovery.ask("unknown-key");
  EXPECT_EQ(wrong.code, 1);
  EXPECT_THAT(wrong.text, HasSubstr("suggests: what it proposes does not check: bad: plugin.suggests.valu: unknown key"));
  EXPECT_THAT(discovery.ask("no-title").text, HasSubstr("does not check: it has no title"));
}

TEST(Discover, HasAFormForScripts) {
  Discovery discovery;
  const Answer answer = discovery.ask("fail", "--json");
  EXPECT_THAT(
      answer.text,
      StartsWith(
          "{\"suggestions\":[{\"plugin\":\"suggests\",\"title\":\"a thing at 127.0.0.1:7\",\"why\":\"it was seen\\ntwice\","));
  EXPECT_THAT(answer.text, HasSubstr("\"configured\":[],\"failures\":[\"suggests: told to fail\"]}"));
  const std::string doctor = "doctor --discover -c " + discovery.test.path("tarsier.toml");
  EXPECT_EQ(tarsier_says(doctor + " --timeout soon").code, 2);
  EXPECT_EQ(tarsier_says(doctor + " --plugin suggest").code, 2);
  EXPECT_THAT(tarsier_says(doctor + " --plugin suggest").text, HasSubstr("did you mean \"suggests\"?"));
}

TEST(Verify, ChecksWhatAPluginProposes) {
  Discovery discovery;
  const std::string verify = "plugins verify " + discovery.test.path("plugins/suggests.so");
  EXPECT_THAT(tarsier_says(verify).text, HasSubstr("ok       suggestions of suggests: 1 made"));
  EXPECT_THAT(tarsier_says(verify, "FIXTURE_SUGGEST=throw").text,
              HasSubstr("FAILED   suggestions of suggests: suggests: exception: told to throw"));
  EXPECT_THAT(tarsier_says(verify, "FIXTURE_SUGGEST=unknown-key").text,
              HasSubstr("FAILED   suggestions of suggests: bad: plugin.suggests.valu"));
  discovery.test.install("behave_v1", "behave");
  EXPECT_THAT(tarsier_says("plugins verify " + discovery.test.path("plugins/behave.so")).text, Not(HasSubstr("suggestions of")));
}

TEST(Doctor, NamesWhatIsWrongWithTheConfiguration) {
  TestHost test;
  test.install("behave_v1", "behave");
  test.configure("[plugin.behave]\nvalue = \"x\"\n");
  const Answer answer = tarsier_says("doctor -c " + test.path("tarsier.toml") + " --url http://127.0.0.1:1");
  EXPECT_EQ(answer.code, 1);
  EXPECT_THAT(answer.text, HasSubstr("PROBLEM  configuration: 1 error in 1 file, 1 plugin section\n"));
  EXPECT_THAT(answer.text, HasSubstr("tarsier.toml:7:9: plugin.behave.value: expected"));
  EXPECT_THAT(answer.text,
              HasSubstr("PROBLEM  host: it does not answer\n         127.0.0.1:1: cannot connect: Connection refused\n"));
  EXPECT_THAT(answer.text, HasSubstr("         -> start it, or correct --url\n"));
  EXPECT_THAT(answer.text, HasSubstr("\n2 problems\n"));
  const Answer json = tarsier_says("doctor --json -c " + test.path("tarsier.toml") + " --url http://127.0.0.1:1");
  EXPECT_THAT(json.text,
              StartsWith("{\"ok\":false,\"checks\":[{\"check\":\"configuration\",\"outcome\":\"problem\",\"found\":\"1 error in"));
}

TEST(Doctor, NamesWhatIsWrongWithTheDataDirectory) {
  TestHost test;
  test.configure("");
  const std::string doctor = "doctor -c " + test.path("tarsier.toml") + " --url http://127.0.0.1:1 ";
  EXPECT_THAT(tarsier_says(doctor).text, HasSubstr("ok       data directory: " + test.path("data") + ": "));
  EXPECT_THAT(tarsier_says("doctor -c tarsier.toml --url http://127.0.0.1:1", "cd " + test.path("") + " &&").text,
              HasSubstr("ok       data directory: " + test.path("data") + ": "))
      << "by a relative path";
  const Answer full = tarsier_says(doctor + "--set host.storage.min_free=1000000GiB");
  EXPECT_THAT(full.text, HasSubstr("less than host.storage.min_free"));
  EXPECT_THAT(full.text, HasSubstr("-> make room, or shorten the retention"));
}

TEST(Doctor, IsCalledWronglyWithTwo) {
  EXPECT_EQ(tarsier_says("doctor metrc").code, 2);
  EXPECT_THAT(tarsier_says("doctor metrc").text, HasSubstr("did you mean \"doctor metric\"?"));
  EXPECT_EQ(tarsier_says("doctor metric").code, 2);
  EXPECT_EQ(tarsier_says("doctor relabel --job a --labels '{a=1}'").code, 2);
  EXPECT_THAT(tarsier_says("doctor relabel --job a --labels '{a=1}'").text,
              HasSubstr("labels, at character 4: expected a value in quotes"));
  EXPECT_THAT(tarsier_says("doctor metric up --url http://127.0.0.1:1").text, HasSubstr("Connection refused"));
  EXPECT_THAT(tarsier_says("doctor metric up --url https://127.0.0.1:1").text, HasSubstr("only http:// is spoken here"));
  for (const char* words : {"doctor --help", "doctor metric --help", "doctor alert --help", "doctor relabel --help"}) {
    EXPECT_EQ(tarsier_says(words).code, 0) << words;
    EXPECT_THAT(tarsier_says(words).text, StartsWith("Usage: tarsier doctor")) << words;
  }
  EXPECT_THAT(tarsier_says("doctor --help").text, HasSubstr("doctor relabel "));
}

}  // namespace
}  // namespace tarsier::host
