// Plugins that misbehave: each is named and contained, and the others go on.
#include <algorithm>
#include <gmock/gmock.h>
#include <regex>

#include "test_host.hpp"

namespace tarsier::host {
namespace {

using test::TestHost;
using testing::HasSubstr;

TEST(Failure, AStartThatThrowsIsNamedAndTheOthersRun) {
  TestHost test;
  test.install("behave_v1", "behave");
  test.configure("[plugin.bad]\nuse = \"behave\"\nstart = \"throw\"\n[plugin.good]\nuse = \"behave\"\nvalue = 1\n");
  ASSERT_EQ(test.start(), "");
  EXPECT_EQ(test.state("bad"), State::failed);
  EXPECT_THAT(test.entry("bad").reason, HasSubstr("start: exception: told to throw"));
  EXPECT_EQ(test.value("good"), 1);
}

TEST(Failure, AStartThatHangsIsGivenUpAndEndedWhenItComesBack) {
  TestHost test;
  test.deadlines.call = std::chrono::milliseconds(300);
  test.install("behave_v1", "behave");
  test.configure("[plugin.bad]\nuse = \"behave\"\nrestart = \"never\"\nstart = \"hang\"\ngate = \"" + test.path("gate") +
                 "\"\n[plugin.good]\nuse = \"behave\"\nvalue = 1\n");
  ASSERT_EQ(test.start(), "");
  EXPECT_EQ(test.state("bad"), State::failed);
  EXPECT_THAT(test.entry("bad").reason, HasSubstr("start did not return within 300 ms"));
  EXPECT_EQ(test.value("good"), 1);
  EXPECT_THAT(test.host().control().plugins_json(), HasSubstr("\"state\":\"retained\""));
  test.open_gate();
  EXPECT_TRUE(TestHost::eventually(
      [&] { return test.host().control().plugins_json().find("\"state\":\"retained\"") == std::string::npos; }));
}

// "hang" waits for the gate: it is open when the first version starts, and shut when the second does.
TEST(Failure, AFileThatHungInStartIsNotStartedAgainByAReload) {
  TestHost test;
  test.deadlines.call = std::chrono::milliseconds(300);
  test.install("behave_v1", "behave");
  const std::string behave = "use = \"behave\"\nstart = \"hang\"\nreconfigure = \"yes\"\ngate = \"" + test.path("gate") + "\"\n";
  test.configure("[plugin.upgraded]\n" + behave);
  test.open_gate();
  ASSERT_EQ(test.start(), "");
  test.remove("gate");
  test.install("behave_v2", "behave");
  const auto retained = [&] {
    const auto view = test.host().lifecycle().view();
    return std::count_if(view.begin(), view.end(), [](const EntryView& entry) { return entry.state == State::retained; });
  };
  EXPECT_THAT(test.reload().warnings, testing::ElementsAre(HasSubstr("start did not return within 300 ms")));
  EXPECT_EQ(retained(), 1);
  for (int value = 1; value < 4; ++value) {
    const std::string text = "value = " + std::to_string(value) + "\n";
    test.configure("[plugin.upgraded]\n" + behave + text + "[plugin.added]\n" + behave + text);
    EXPECT_TRUE(test.reload().applied);
    EXPECT_EQ(test.value("upgraded"), value);
    EXPECT_EQ(test.state("added"), State::failed);
    EXPECT_EQ(retained(), 2) << "one of each name";
  }
  EXPECT_EQ(test.version("upgraded"), "1.0.0");
  EXPECT_THAT(test.entry("upgraded").reason, HasSubstr(Lifecycle::kHangs));
  EXPECT_THAT(test.entry("added").reason, HasSubstr(Lifecycle::kHangs));
  test.open_gate();
  EXPECT_TRUE(TestHost::eventually([&] { return retained() == 0 && test.state("added") == State::running; }));
  EXPECT_TRUE(test.reload().applied);
  EXPECT_EQ(test.version("upgraded"), "2.0.0");
}

TEST(Failure, AStartThatFailsIsLoggedOnceWithItsNameAndReason) {
  TestHost test;
  test.install("behave_v1", "behave");
  const std::string bad = "use = \"behave\"\nrestart = \"never\"\nstart = \"fail\"\n";
  test.configure("[plugin.bad]\n" + bad);
  testing::internal::CaptureStderr();
  ASSERT_EQ(test.start(), "");
  test.configure("[plugin.bad]\n" + bad + "[plugin.later]\n" + bad);
  EXPECT_THAT(test.reload().problems, testing::ElementsAre(HasSubstr("plugin.later: start: told to fail"))) << "who asks is told";
  test.stop();
  const std::string log = testing::internal::GetCapturedStderr();
  for (const std::string name : {"bad", "later"}) {
    const std::regex line("[^\n]*\\b" + name + "\\b[^\n]*told to fail[^\n]*");
    const auto begin = std::sregex_iterator(log.begin(), log.end(), line);
    ASSERT_EQ(std::distance(begin, std::sregex_iterator()), 1) << log;
    EXPECT_THAT(begin->str(), HasSubstr("failed: start: told to fail; not restarted"));
  }
}

TEST(Failure, AFailedInstanceIsStartedAgain) {
  TestHost test;
  test.install("behave_v1", "behave");
  test.configure("[plugin.behave]\nstart = \"once\"\ngate = \"" + test.path("gate") + "\"\nvalue = 4\n");
  ASSERT_EQ(test.start(), "");
  EXPECT_EQ(test.state("behave"), State::failed);
  test.open_gate();
  EXPECT_TRUE(TestHost::eventually([&] { return test.state("behave") == State::running; }));
  EXPECT_EQ(test.value("behave"), 4);
  EXPECT_GE(test.entry("behave").restarts, 1U);
}

TEST(Failure, AnInstanceThatSaysItFailedIsStartedAgain) {
  TestHost test;
  test.install("behave_v1", "behave");
  test.configure("[plugin.behave]\n");
  ASSERT_EQ(test.start(), "");
  test.probe("behave", [](const test_probe& table) {
    table.fail(table.self, "out of luck");
    return true;
  });
  EXPECT_TRUE(TestHost::eventually([&] { return test.entry("behave").restarts == 1 && test.state("behave") == State::running; }));
}

TEST(Failure, NeverMeansNever) {
  TestHost test;
  test.install("behave_v1", "behave");
  test.configure("[plugin.behave]\nstart = \"fail\"\nrestart = \"never\"\n");
  ASSERT_EQ(test.start(), "");
  EXPECT_EQ(test.state("behave"), State::failed);
  EXPECT_EQ(test.entry("behave").restarts, 0U);
}

TEST(Failure, AMalformedBatchIsCountedUnderItsProducersNameAndReachesNobody) {
  TestHost test;
  test.install("behave_v1", "behave");
  test.configure("[plugin.bad]\nuse = \"behave\"\nstart = \"malformed\"\n[plugin.good]\nuse = \"behave\"\nvalue = 1\n");
  ASSERT_EQ(test.start(), "");
  EXPECT_EQ(test.value("bad"), TARSIER_INVALID) << "its producer is told";
  EXPECT_EQ(test.entry("bad").malformed, 1U);
  EXPECT_EQ(test.entry("good").malformed, 0U);
  const std::string metrics = test.host().control().metrics_text();
  EXPECT_THAT(metrics, HasSubstr("tarsier_plugin_malformed_batches_total{plugin=\"bad\"} 1\n"));
  EXPECT_THAT(metrics, HasSubstr("tarsier_bus_batches_total{topic=\"samples\"} 0\n"));
  EXPECT_EQ(test.state("bad"), State::running);
  EXPECT_EQ(test.value("good"), 1);
}

TEST(Failure, WhoDoesNotRunIsNamed) {
  TestHost test;
  test.install("behave_v1", "behave");
  test.configure(
      "[plugin.bad]\nuse = \"behave\"\nstart = \"once\"\ngate = \"" + test.path("gate") +
      "\"\n[plugin.none]\nuse = \"absent\"\n[plugin.off]\nuse = \"absent\"\nenabled = false\n[plugin.good]\nuse = \"behave\"\n");
  ASSERT_EQ(test.start(), "");
  const auto missing = test.host().control().not_running();
  EXPECT_THAT(missing, testing::ElementsAre(HasSubstr("bad: failed: start: told to fail"),
                                            HasSubstr("none: refused: no plugin \"absent\"")));
  test.open_gate();
  EXPECT_TRUE(TestHost::eventually([&] { return test.host().control().not_running().size() == 1; }));
}

TEST(Failure, AnOfferWithoutAServiceIsAFailure) {
  TestHost test;
  test.install("behave_v1", "behave");
  test.configure("[plugin.behave]\nstart = \"no-service\"\n");
  ASSERT_EQ(test.start(), "");
  EXPECT_THAT(test.entry("behave").reason, HasSubstr("offers test.probe/1, and has no such service"));
}

TEST(Failure, ACallThatDoesNotReturnKeepsItsPluginLoadedUntilItDoes) {
  TestHost test;
  test.deadlines.drain = std::chrono::milliseconds(300);
  test.install("behave_v1", "behave");
  test.configure("[plugin.behave]\nstart = \"busy\"\ngate = \"" + test.path("gate") + "\"\n");
  ASSERT_EQ(test.start(), "");
  ASSERT_TRUE(TestHost::eventually([&] { return test.entry("behave").in_flight > 0; }));
  test.configure("");
  const auto report = test.reload();
  EXPECT_TRUE(report.applied);
  EXPECT_TRUE(TestHost::eventually(
      [&] { return test.host().control().plugins_json().find("\"instance\":\"behave\"") != std::string::npos; }));
  test.open_gate();
  EXPECT_TRUE(TestHost::eventually([&] { return test.host().lifecycle().view().empty(); }));
  EXPECT_EQ(test.stop(), 0);
}

TEST(Failure, AThreadThatIsLeftBehindKeepsItsCodeInPlace) {
  TestHost test;
  test.install("behave_v1", "behave");
  test.configure("[plugin.behave]\nstart = \"thread\"\ngate = \"" + test.path("gate") + "\"\n");
  ASSERT_EQ(test.start(), "");
  test.configure("");
  EXPECT_TRUE(test.reload().applied);
  EXPECT_EQ(test.state("behave"), State::retained);
  EXPECT_THAT(test.entry("behave").reason, HasSubstr("1 thread(s) that it started still run"));
  test.open_gate();
  EXPECT_TRUE(TestHost::eventually([&] { return test.host().lifecycle().view().empty(); }));
  EXPECT_EQ(test.stop(), 0);
}

TEST(Failure, AStopThatHangsIsNamedAtTheEnd) {
  TestHost test;
  test.deadlines.stop = std::chrono::milliseconds(300);
  test.install("behave_v1", "behave");
  test.configure("[plugin.behave]\nstart = \"stop-hangs\"\ngate = \"" + test.path("gate2") + "\"\n");
  ASSERT_EQ(test.start(), "");
  EXPECT_EQ(test.stop(), 1);
  test.write("gate2", "open");
}

TEST(Failure, AReloadAskedForFromWithinTheInstanceThatItStopsIsAnswered) {
  TestHost test;
  test.install("behave_v1", "behave");
  test.configure("[plugin.behave]\nvalue = 1\n");
  ASSERT_EQ(test.start(), "");
  test.configure("[plugin.behave]\nvalue = 2\n");
  // Within a use of the instance's own service: it cannot be drained before this returns.
  const auto applied = test.probe("behave", [&](const test_probe&) { return test.reload().applied; });
  EXPECT_EQ(applied, true);
  EXPECT_TRUE(TestHost::eventually([&] { return test.value("behave") == 2; }));
}

}  // namespace
}  // namespace tarsier::host
