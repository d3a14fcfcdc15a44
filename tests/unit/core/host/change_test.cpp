// Starting, reloading and upgrading, as the configuration and the files ask for it.
#include <atomic>
#include <gmock/gmock.h>
#include <thread>
#include <vector>

#include "test_host.hpp"

namespace tarsier::host {
namespace {

using test::TestHost;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(Change, StartsWhatIsConfiguredAndStopsIt) {
  TestHost test;
  test.install("behave_v1", "behave");
  test.install("consumer", "consumer");
  test.configure("[plugin.consumer]\n[plugin.one]\nuse = \"behave\"\nvalue = 7\n[plugin.off]\nuse = \"behave\"\nenabled = false\n");
  ASSERT_EQ(test.start(), "");
  EXPECT_TRUE(test.host().control().ready());
  EXPECT_EQ(test.state("one"), State::running);
  EXPECT_EQ(test.state("consumer"), State::running);
  EXPECT_EQ(test.state("off"), State::disabled);
  EXPECT_EQ(test.value("one"), 7);
  EXPECT_EQ(test.stop(), 0);
}

TEST(Change, RefusesToStartWithAConfigurationThatDoesNotCheck) {
  TestHost test;
  test.install("behave_v1", "behave");
  test.configure("[plugin.behave]\nvalu = 7\n");
  EXPECT_THAT(test.start(), HasSubstr("tarsier.toml:7:1: plugin.behave.valu"));
}

TEST(Change, RefusesANameThatNoInstanceAnswersTo) {
  TestHost test;
  test.install("behave_v1", "behave");
  test.configure("[plugin.behave]\nprobes = [\"othr\"]\n[plugin.other]\nuse = \"behave\"\n");
  const char* const said =
      ":7:11: plugin.behave.probes[0]: expected an instance that offers test.probe/1, got \"othr\", which is no "
      "instance; did you mean \"other\"?";
  EXPECT_THAT(test.start(), HasSubstr(test.path("tarsier.toml") + said));
  test.configure("[plugin.behave]\nprobes = [\"other\"]\n[plugin.other]\nuse = \"behave\"\n");
  ASSERT_EQ(test.start(), "");
  test.configure("[plugin.behave]\nprobes = [\"othr\"]\n[plugin.other]\nuse = \"behave\"\n");
  const auto report = test.reload();
  EXPECT_FALSE(report.applied);
  EXPECT_THAT(report.problems, ElementsAre(test.path("tarsier.toml") + said));
  test.configure("[plugin.behave]\nprobes = [\"other\"]\n");
  EXPECT_FALSE(test.reload().applied) << "whom somebody names cannot go alone";
  EXPECT_EQ(test.state("other"), State::running);
}

TEST(Change, SaysWhatAPluginRefusesWithTheOnePlaceThatItIsAbout) {
  TestHost test;
  test.install("behave_v1", "behave");
  test.configure("[plugin.one]\nuse = \"behave\"\nreconfigure = \"yes\"\n");
  ASSERT_EQ(test.start(), "");
  const std::string place = test.path("tarsier.toml") + ":8:";
  test.configure(
      "[plugin.two]\nuse = \"behave\"\nstart = \"configure-fails\"\n[plugin.one]\nuse = \"behave\"\nreconfigure = \"yes\"\n");
  EXPECT_THAT(test.reload().problems, ElementsAre(place + "9: plugin.two.start: told to fail"));
  test.configure("[plugin.one]\nuse = \"behave\"\nreconfigure = \"refuse\"\n");
  EXPECT_THAT(test.reload().problems, ElementsAre(place + "15: plugin.one.reconfigure: told to refuse"));
}

TEST(Change, ReconfiguresInPlaceWhatCan) {
  TestHost test;
  test.install("behave_v1", "behave");
  test.configure("[plugin.behave]\nvalue = 1\nreconfigure = \"yes\"\n");
  ASSERT_EQ(test.start(), "");
  const auto since = test.entry("behave").since_ns;
  test.configure("[plugin.behave]\nvalue = 2\nreconfigure = \"yes\"\n");
  const auto report = test.reload();
  EXPECT_TRUE(report.applied) << report.problems.front();
  EXPECT_EQ(test.value("behave"), 2);
  EXPECT_EQ(test.entry("behave").since_ns, since) << "it was restarted";
}

TEST(Change, CpuShareAndRestartTakeEffectWithoutTouchingThePlugin) {
  TestHost test;
  test.install("behave_v1", "behave");
  const std::string hog = "use = \"behave\"\nstart = \"hog\"\n";  // it cannot be reconfigured
  test.configure("workers = 1\n[plugin.small]\n" + hog + "[plugin.large]\n" + hog +
                 "[plugin.bad]\nuse = \"behave\"\nstart = \"fail\"\n");
  ASSERT_EQ(test.start(), "");
  const auto since = test.entry("large").since_ns;
  test.configure("workers = 1\n[plugin.small]\n" + hog + "[plugin.large]\ncpu_share = 1000\n" + hog +
                 "[plugin.bad]\nuse = \"behave\"\nstart = \"ok\"\nrestart = \"never\"\n");
  const auto report = test.reload();
  EXPECT_TRUE(report.applied) << report.problems.front();
  EXPECT_EQ(test.entry("large").since_ns, since) << "it was restarted";
  EXPECT_EQ(test.state("bad"), State::running);
  const uint64_t small = test.entry("small").calls, large = test.entry("large").calls;
  const auto more = [&](const char* name, uint64_t before) { return test.entry(name).calls - before; };
  ASSERT_TRUE(TestHost::eventually([&] { return more("small", small) + more("large", large) > 300; }));
  EXPECT_GT(more("large", large), 3 * more("small", small));
  test.probe("bad", [](const test_probe& table) {
    table.fail(table.self, "out of luck");
    return true;
  });
  EXPECT_TRUE(TestHost::eventually([&] { return test.state("bad") == State::failed; }));
  EXPECT_EQ(test.entry("bad").restarts, 0U);
}

TEST(Change, ReplacesWhatCannotBeReconfigured) {
  TestHost test;
  test.install("behave_v1", "behave");
  test.configure("[plugin.behave]\nvalue = 1\n[plugin.same]\nuse = \"behave\"\nvalue = 5\n");
  ASSERT_EQ(test.start(), "");
  const auto calls_of_same = test.entry("same").calls;
  test.configure("[plugin.behave]\nvalue = 2\n[plugin.same]\nuse = \"behave\"\nvalue = 5\n[plugin.more]\nuse = \"behave\"\n");
  EXPECT_TRUE(test.reload().applied);
  EXPECT_EQ(test.value("behave"), 2);
  EXPECT_EQ(test.entry("same").calls, calls_of_same) << "it was touched";
  EXPECT_EQ(test.state("more"), State::running);
  test.configure("[plugin.behave]\nvalue = 2\n");
  EXPECT_TRUE(test.reload().applied);
  EXPECT_EQ(test.entry("more").reason, "there is no more");
  EXPECT_EQ(test.value("same"), std::nullopt);
}

TEST(Change, AReloadThatDoesNotCheckChangesNothing) {
  TestHost test;
  test.install("behave_v1", "behave");
  test.configure("[plugin.behave]\nvalue = 1\n[plugin.b]\nuse = \"behave\"\nvalue = 1\nreconfigure = \"yes\"\n");
  ASSERT_EQ(test.start(), "");
  const std::string sections[] = {
      "[plugin.behave]\nvalue = \"x\"\n",                                                         // the schema says no
      "[plugin.behave]\nvalue = 2\n[plugin.b]\nuse = \"behave\"\nstart = \"configure-fails\"\n",  // the plugin says no
      "[plugin.behave]\nvalue = 2\n[plugin.b]\nuse = \"behave\"\nreconfigure = \"refuse\"\n",     // while running
      "[plugin.behave]\nvalue = 2\n[plugin.new]\nuse = \"behaev\"\n",                             // no such plugin
  };
  for (const std::string& changed : sections) {
    test.configure(changed);
    const auto report = test.reload();
    EXPECT_FALSE(report.applied) << changed;
    EXPECT_FALSE(report.problems.empty()) << changed;
    EXPECT_EQ(test.value("behave"), 1) << changed;
    EXPECT_EQ(test.value("b"), 1) << changed;
  }
}

TEST(Change, AStartThatFailsAfterAChangeGoesBack) {
  TestHost test;
  test.install("behave_v1", "behave");
  test.configure("[plugin.behave]\nvalue = 1\n");
  ASSERT_EQ(test.start(), "");
  test.configure("[plugin.behave]\nvalue = 2\nstart = \"fail\"\n");
  const auto report = test.reload();
  EXPECT_FALSE(report.applied);
  EXPECT_THAT(report.problems, Contains(HasSubstr("plugin.behave: start: told to fail")));
  EXPECT_EQ(test.value("behave"), 1);
  EXPECT_EQ(test.state("behave"), State::running);
}

TEST(Change, UpgradesBesideTheOldVersion) {
  TestHost test;
  test.install("behave_v1", "behave");
  test.install("consumer", "consumer");
  test.configure("[plugin.behave]\nvalue = 1\n[plugin.consumer]\n");
  ASSERT_EQ(test.start(), "");
  const auto calls = test.entry("consumer").calls;
  test.install("behave_v2", "behave");
  EXPECT_TRUE(test.reload().applied);
  EXPECT_EQ(test.version("behave"), "2.0.0");
  EXPECT_EQ(test.entry("consumer").calls, calls) << "a consumer of a rebindable service goes on";
  EXPECT_THAT(test.host().control().plugins_json(), Not(HasSubstr("\"retained\":true")));
}

TEST(Change, AnUpgradeThatFailsKeepsTheOldVersion) {
  TestHost test;
  test.install("behave_v1", "behave");
  test.install("exclusive_v1", "exclusive");
  test.configure("[plugin.behave]\nvalue = 1\n[plugin.exclusive]\nvalue = 3\n");
  ASSERT_EQ(test.start(), "");
  test.install("behave_broken", "behave");
  EXPECT_THAT(test.reload().warnings, ElementsAre(HasSubstr("plugin.behave: the new file is refused, the running version stays")));
  EXPECT_EQ(test.version("behave"), "1.0.0");
  test.install("behave_v1", "behave");
  test.install("exclusive_broken", "exclusive");
  const auto report = test.reload();
  EXPECT_THAT(report.warnings, ElementsAre(HasSubstr("running version stays: start: this version cannot start")));
  EXPECT_EQ(test.version("exclusive"), "1.0.0");
  EXPECT_EQ(test.value("exclusive"), 3);
  EXPECT_EQ(test.state("exclusive"), State::running);
}

// What fails when it is loaded, created, started: it is the same for the rest of the configuration.
TEST(Change, AFileThatIsRefusedHoldsUpNoOtherChange) {
  for (const char* fixture : {"behave_broken", "behave_unresolved", "text"}) {
    TestHost test;
    test.install("behave_v1", "behave");
    test.install("exclusive_v1", "exclusive");
    test.configure("[plugin.behave]\nvalue = 1\n[plugin.exclusive]\nvalue = 3\n");
    ASSERT_EQ(test.start(), "");
    if (std::string(fixture) == "text") {
      test.overwrite("behave_v1", "other");
      test.write("plugins/behave.so", "I am no plugin");
    } else {
      test.install(fixture, "behave");
    }
    test.configure("[plugin.behave]\nvalue = 1\n[plugin.exclusive]\nvalue = 4\n");
    for (int round = 0; round < 2; ++round) {
      const ApplyReport report = test.reload();
      EXPECT_TRUE(report.applied) << fixture;
      EXPECT_THAT(report.problems, IsEmpty()) << fixture;
      EXPECT_THAT(report.warnings, ElementsAre(HasSubstr("plugin.behave: the new file is refused, the running version stays")));
    }
    EXPECT_EQ(test.value("exclusive"), 4) << fixture;
    EXPECT_EQ(test.version("behave"), "1.0.0") << fixture;
    EXPECT_EQ(test.state("behave"), State::running);
    EXPECT_THAT(test.entry("behave").reason, HasSubstr("the new file is refused, this version stays: ")) << fixture;
    EXPECT_THAT(test.host().control().metrics_text(), HasSubstr("tarsier_plugin_file_refused{plugin=\"behave\"} 1\n"));
    test.install("behave_v2", "behave");
    EXPECT_THAT(test.reload().warnings, IsEmpty());
    EXPECT_EQ(test.version("behave"), "2.0.0") << fixture;
    EXPECT_EQ(test.entry("behave").reason, "");
  }
}

TEST(Change, WhatRunsFromARefusedFileTakesItsNewConfiguration) {
  TestHost test;
  test.install("behave_v1", "behave");
  test.configure("[plugin.behave]\nvalue = 1\n");
  ASSERT_EQ(test.start(), "");
  test.install("behave_unresolved", "behave");
  test.configure("[plugin.behave]\nvalue = 2\n");
  EXPECT_TRUE(test.reload().applied);
  EXPECT_EQ(test.value("behave"), 2);
  EXPECT_EQ(test.version("behave"), "1.0.0");
  test.configure("[plugin.behave]\nvalu = 2\n");
  const ApplyReport report = test.reload();
  EXPECT_FALSE(report.applied);
  EXPECT_THAT(report.warnings, ElementsAre(HasSubstr("the new file is refused"))) << "it may be why the key is not known";
}

TEST(Change, AnExclusivePluginStopsBeforeItsSuccessorStarts) {
  TestHost test;
  test.install("exclusive_v1", "exclusive");
  test.configure("[plugin.exclusive]\nvalue = 1\n");
  ASSERT_EQ(test.start(), "");
  test.install("exclusive_v2", "exclusive");
  EXPECT_TRUE(test.reload().applied);
  EXPECT_EQ(test.version("exclusive"), "2.0.0");
}

TEST(Change, ConsumersOfAStickyServiceStartAgain) {
  TestHost test;
  test.install("sticky_v1", "sticky");
  test.install("consumer", "consumer");
  test.configure("[plugin.sticky]\n[plugin.consumer]\n");
  ASSERT_EQ(test.start(), "");
  const auto since = test.entry("consumer").since_ns;
  test.install("sticky_v2", "sticky");
  EXPECT_TRUE(test.reload().applied);
  EXPECT_EQ(test.version("sticky"), "2.0.0");
  EXPECT_EQ(test.state("consumer"), State::running);
  EXPECT_GT(test.entry("consumer").since_ns, since);
}

TEST(Change, AnOldVersionHandsOverBeforeItsConsumersStartAgain) {
  TestHost test;
  test.install("sticky_v1", "sticky");
  test.install("consumer", "consumer");
  const std::string sections = "[plugin.sticky]\ngate = \"" + test.path("gate") + "\"\n[plugin.consumer]\n";
  test.configure(sections);
  ASSERT_EQ(test.start(), "");
  test.install("sticky_v2", "sticky");
  EXPECT_TRUE(test.reload().applied);
  EXPECT_EQ(test.version("sticky"), "2.0.0");
  EXPECT_EQ(test.read("gate.handed-over"), "1.0.0");
}

// Calls without a pause while their provider, which cannot run beside its successor, is replaced.
TEST(Change, NobodyWhoWaitsSeesAProviderMissingDuringAnUpgrade) {
  TestHost test;
  test.install("exclusive_v1", "exclusive");
  test.configure("[plugin.exclusive]\nvalue = 1\n");
  ASSERT_EQ(test.start(), "");
  ServiceRegistry& services = *test.host().rooms().services;
  Owner caller("caller", "caller", true);
  tarsier_service_ref* ref = services.reference(caller, TEST_PROBE_SERVICE);
  std::atomic<bool> stop = false;
  std::atomic<uint64_t> calls = 0, missing = 0, dead = 0;
  std::vector<std::thread> callers;
  for (int i = 0; i < 3; ++i) {
    callers.emplace_back([&] {
      while (!stop) {
        const auto* table = static_cast<const test_probe*>(ServiceRegistry::acquire_wait(*ref, nullptr));
        ++calls;
        if (table == nullptr) {
          ++missing;
          continue;
        }
        if (table->running(table->self) == 0) ++dead;
        ServiceRegistry::release(*ref);
      }
    });
  }
  for (const char* version : {"exclusive_v2", "exclusive_v1", "exclusive_v2", "exclusive_broken", "exclusive_v1"}) {
    test.install(version, "exclusive");
    EXPECT_EQ(test.reload().warnings.empty(), std::string(version) != "exclusive_broken") << version;
    EXPECT_THAT(test.host().control().not_running(), IsEmpty());
  }
  stop = true;
  for (std::thread& each : callers) each.join();
  services.forget(caller);
  EXPECT_GT(calls, 0U);
  EXPECT_EQ(missing, 0U);
  EXPECT_EQ(dead, 0U);
}

TEST(Change, ConsumersComeBackWhenTheirNewProviderFails) {
  TestHost test;
  test.install("sticky_v1", "sticky");
  test.install("consumer", "consumer");
  test.configure("[plugin.sticky]\nvalue = 6\n[plugin.consumer]\n");
  ASSERT_EQ(test.start(), "");
  test.configure("[plugin.sticky]\nvalue = 7\n[plugin.consumer]\nstart = \"fail\"\n");
  EXPECT_FALSE(test.reload().applied);
  EXPECT_EQ(test.value("sticky"), 6);
  EXPECT_EQ(test.state("sticky"), State::running);
  EXPECT_EQ(test.state("consumer"), State::running);
}

TEST(Change, NamesMissingNeedsAndCircles) {
  TestHost test;
  for (const char* name : {"consumer", "cycle_a", "cycle_b", "behave_v1"}) test.install(name, name);
  test.configure("[plugin.consumer]\n[plugin.cycle-a]\n[plugin.cycle-b]\n[plugin.fine]\nuse = \"behave\"\nenabled = false\n");
  ASSERT_EQ(test.start(), "");
  EXPECT_EQ(test.state("consumer"), State::refused);
  EXPECT_THAT(test.entry("consumer").reason, HasSubstr("needs test.probe/1, which no configured plugin offers"));
  EXPECT_EQ(test.state("cycle-a"), State::refused);
  EXPECT_THAT(test.entry("cycle-a").reason, HasSubstr("needs go in a circle"));
}

TEST(Change, ARemovedProviderTakesItsConsumersDownAndBringsThemBack) {
  TestHost test;
  test.install("behave_v1", "behave");
  test.install("consumer", "consumer");
  test.configure("[plugin.behave]\n[plugin.consumer]\n");
  ASSERT_EQ(test.start(), "");
  test.configure("[plugin.consumer]\n");
  EXPECT_FALSE(test.reload().applied) << "a reload that leaves a need unmet is refused";
  EXPECT_EQ(test.state("consumer"), State::running);
  test.configure("");
  EXPECT_TRUE(test.reload().applied);
  EXPECT_THAT(test.host().lifecycle().view(), IsEmpty());
  test.configure("[plugin.behave]\n[plugin.consumer]\n");
  EXPECT_TRUE(test.reload().applied);
  EXPECT_EQ(test.state("consumer"), State::running);
}

TEST(Change, ShowsWhatItHas) {
  TestHost test;
  test.install("behave_v1", "behave");
  test.configure("[plugin.behave]\nvalue = 42\n");
  ASSERT_EQ(test.start(), "");
  const Control& control = test.host().control();
  EXPECT_THAT(control.plugins_json(), HasSubstr("\"instance\":\"behave\",\"plugin\":\"behave\",\"version\":\"1.0.0\""));
  EXPECT_THAT(control.config_toml(), HasSubstr("value = 42"));
  EXPECT_THAT(control.build_json(), HasSubstr("\"abi\":\"1."));
  const std::string metrics = control.metrics_text();
  EXPECT_THAT(metrics, HasSubstr("tarsier_plugin_up{plugin=\"behave\"} 1\n"));
  EXPECT_THAT(metrics, HasSubstr("behave_starts_total{plugin=\"behave\"} 1\n"));
  EXPECT_THAT(metrics, HasSubstr("process_resident_memory_bytes "));
}

}  // namespace
}  // namespace tarsier::host
