// The command line, as a shell sees it.
#include <gmock/gmock.h>

#include "program.hpp"
#include "test_host.hpp"

namespace tarsier::host {
namespace {

using test::Answer;
using test::tarsier_says;
using test::TestHost;
using testing::HasSubstr;
using testing::StartsWith;

TEST(CommandLine, HelpIsEverywhere) {
  for (const char* words : {"--help", "run --help", "check --help", "plugins --help", "plugins list --help", "plugins info --help",
                            "plugins new --help", "plugins verify --help"}) {
    const Answer answer = tarsier_says(words);
    EXPECT_EQ(answer.code, 0) << words;
    EXPECT_THAT(answer.text, HasSubstr("Usage: tarsier")) << words;
  }
  EXPECT_THAT(tarsier_says("--version").text, StartsWith("tarsier 0."));
}

TEST(CommandLine, NamesTheNearestWhenItDoesNotUnderstand) {
  EXPECT_EQ(tarsier_says("").code, 2);
  const Answer command = tarsier_says("chek");
  EXPECT_EQ(command.code, 2);
  EXPECT_THAT(command.text, HasSubstr("unknown command \"chek\"; did you mean \"check\"?"));
  EXPECT_THAT(tarsier_says("plugins lst").text, HasSubstr("did you mean \"plugins list\"?"));
  const Answer option = tarsier_says("check --jsn");
  EXPECT_EQ(option.code, 2);
  EXPECT_THAT(option.text, HasSubstr("unknown option --jsn; did you mean --json?"));
  EXPECT_EQ(tarsier_says("plugins info").code, 2);
}

TEST(CommandLine, CheckNamesFileLineAndColumn) {
  TestHost test;
  test.install("behave_v1", "behave");
  test.install("consumer", "consumer");
  test.configure("[plugin.behave]\nvalue = \"x\"\n[plugin.c]\nuse = \"consumr\"\n");
  const Answer bad = tarsier_says("check -c " + test.path("tarsier.toml"));
  EXPECT_EQ(bad.code, 1);
  EXPECT_THAT(bad.text, HasSubstr(test.path("tarsier.toml") + ":7:9: plugin.behave.value: expected"));
  EXPECT_THAT(bad.text, HasSubstr("tarsier.toml:9:7: plugin.c: no plugin \"consumr\" is installed"));
  EXPECT_THAT(bad.text, HasSubstr("did you mean \"consumer\"?"));
  test.configure("[plugin.behave]\n[plugin.consumer]\n");
  const Answer good = tarsier_says("check --json -c " + test.path("tarsier.toml"));
  EXPECT_EQ(good.code, 0) << good.text;
  EXPECT_THAT(good.text, StartsWith("{\"ok\":true,"));
  test.configure("[plugin.consumer]\n");
  const Answer lacking = tarsier_says("check -c " + test.path("tarsier.toml"));
  EXPECT_EQ(lacking.code, 1);
  EXPECT_THAT(lacking.text, HasSubstr("plugin.consumer: needs test.probe/1, which no configured plugin offers"));
  test.configure("[plugin.behave]\nstart = \"configure-fails\"\n");
  const Answer unhappy = tarsier_says("check --json -c " + test.path("tarsier.toml"));
  EXPECT_THAT(unhappy.text, HasSubstr("\"line\":7,\"column\":9,\"key\":\"plugin.behave.start\",\"message\":\"told to fail\""));
  test.configure("[plugin.behave]\nprobes = [\"behav\"]\n");
  const Answer unknown = tarsier_says("check --json -c " + test.path("tarsier.toml"));
  EXPECT_EQ(unknown.code, 1);
  EXPECT_THAT(unknown.text,
              HasSubstr("\"line\":7,\"column\":11,\"key\":\"plugin.behave.probes[0]\",\"message\":\"expected an instance"));
  EXPECT_THAT(unknown.text, HasSubstr("did you mean \\\"behave\\\"?"));
  EXPECT_EQ(tarsier_says("check -c /nowhere.toml").code, 1);
}

TEST(CommandLine, CheckWarnsOfPluginDirectoriesThatAreNotThere) {
  TestHost test;
  test.write("tarsier.toml", "[host]\nplugin_dirs = [\n\"plugins\",\n\"plugin\",\n\"tarsier.toml\"]\n");
  const Answer answer = tarsier_says("check -c " + test.path("tarsier.toml"));
  EXPECT_EQ(answer.code, 0);
  EXPECT_THAT(answer.text, HasSubstr("tarsier.toml:4:1: host.plugin_dirs[1]: warning: the directory " + test.path("plugin") +
                                     " does not exist\n"));
  EXPECT_THAT(answer.text, HasSubstr("tarsier.toml:5:1: host.plugin_dirs[2]: warning: the directory " + test.path("tarsier.toml") +
                                     " is no directory\n"));
  EXPECT_THAT(answer.text, testing::Not(HasSubstr("plugins does")));
}

// The first signal has it wait for a plugin that does not stop; those that follow may be one for the kernel, hence the loop.
TEST(CommandLine, ASecondSignalEndsTheHostAndSaysSo) {
  TestHost test;
  test.install("behave_v1", "behave");
  test.write("tarsier.toml", "[host]\nplugin_dirs = [\"plugins\"]\n[plugin.behave]\nstart = \"stop-hangs\"\ngate = \"" +
                                 test.path("gate") + "\"\n");
  const std::string log = test.path("log");
  const Answer answer = tarsier_says("run --data-dir " + test.path("data") + " -c " + test.path("tarsier.toml") + " > " + log +
                                     " 2>&1 & pid=$!; for i in $(seq 600); do grep -q 'is ready' " + log +
                                     " && kill $pid; grep -q 'without draining' " + log +
                                     " && break; sleep 0.05; done; wait $pid; echo code $?; cat " + log);
  EXPECT_THAT(answer.text, HasSubstr("code 1\n"));
  EXPECT_THAT(answer.text, HasSubstr("second SIGTERM: ended without draining"));
}

TEST(CommandLine, ListsAndDescribesPlugins) {
  TestHost test;
  test.install("behave_v1", "behave");
  test.write("plugins/text.so", "I am no plugin");
  const Answer list = tarsier_says("plugins list --plugin-dir " + test.path("plugins"));
  EXPECT_EQ(list.code, 0);
  EXPECT_THAT(list.text, HasSubstr("behave            1.0.0     test                  " + test.path("plugins/behave.so")));
  EXPECT_THAT(list.text, HasSubstr("text.so: not an ELF file"));
  const Answer info = tarsier_says("plugins info behave --plugin-dir " + test.path("plugins"));
  EXPECT_EQ(info.code, 0);
  EXPECT_THAT(info.text, HasSubstr("offers  test.probe/1"));
  EXPECT_THAT(info.text, HasSubstr("reconfigure                   string = no (yes|no|refuse)  Whether it can."));
  EXPECT_THAT(tarsier_says("plugins info behave --json --plugin-dir " + test.path("plugins")).text,
              StartsWith("{\"id\":\"behave\""));
  EXPECT_EQ(tarsier_says("plugins info nothing").code, 1);
}

TEST(CommandLine, VerifiesPlugins) {
  TestHost test;
  test.install("behave_v1", "behave");
  test.write("plugins/text.so", "I am no plugin");
  const Answer good = tarsier_says("plugins verify " + test.path("plugins/behave.so"));
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  EXPECT_EQ(good.code, 0) << good.text;
  EXPECT_THAT(good.text, HasSubstr("the file keeps the contract"));
#endif
  EXPECT_THAT(good.text, HasSubstr("ok       life cycle of behave, round 2"));
  const Answer bad = tarsier_says("plugins verify " + test.path("plugins/text.so"));
  EXPECT_EQ(bad.code, 1);
  EXPECT_THAT(bad.text, HasSubstr("FAILED   file"));
}

TEST(CommandLine, MakesAPluginFromTheTemplate) {
  TestHost test;
  const Answer made = tarsier_says("plugins new my-eyes -o " + test.path("my-eyes"));
  EXPECT_EQ(made.code, 0) << made.text;
  std::ifstream source(test.path("my-eyes/my-eyes.cpp"));
  const std::string text{std::istreambuf_iterator<char>(source), {}};
  EXPECT_THAT(text, HasSubstr(".id = \"my-eyes\""));
  EXPECT_EQ(text.find("@NAME@"), std::string::npos);
  EXPECT_TRUE(std::filesystem::exists(test.path("my-eyes/CMakeLists.txt")));
  EXPECT_EQ(tarsier_says("plugins new my-eyes -o " + test.path("my-eyes")).code, 1) << "it is there already";
  EXPECT_EQ(tarsier_says("plugins new 'No Name'").code, 2);
}

}  // namespace
}  // namespace tarsier::host
