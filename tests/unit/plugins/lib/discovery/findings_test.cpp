// What reaches the bus, and whose it is.
#include "plugins/lib/discovery/findings.hpp"

#include <gtest/gtest.h>

#include "tests/unit/plugins/discover/support/found_targets.hpp"

namespace tarsier::discovery {
namespace {

using Found = std::map<std::string, std::string>;

class FindingsTest : public testing::Test {
 protected:
  Found found() const { return fake::found_targets(fake_); }
  static std::vector<TargetLabels> target(const char* address) { return {{{"__address__", address}}}; }

  fake::FakeHost fake_;
  Host raw_host_{fake_.raw()};
  const Host& host_ = fake::attached(raw_host_);
  Findings findings_{host_};
};

TEST_F(FindingsTest, TellsAndTakesBack) {
  Share share(findings_, "web");
  share.set("a", target("a:1"));
  share.set("b", target("b:1"));
  EXPECT_EQ(found(), (Found{{"web test/a", "__address__=a:1\n"}, {"web test/b", "__address__=b:1\n"}}));
  EXPECT_EQ(fake_.metrics["tarsier_discovery_targets"], 2);
  share.remove("a");
  EXPECT_EQ(found(), (Found{{"web test/b", "__address__=b:1\n"}}));
  share.end();
  EXPECT_EQ(found(), Found{});
  EXPECT_EQ(fake_.metrics["tarsier_discovery_targets"], 0);
  share.set("a", target("a:1"));
  EXPECT_EQ(found(), Found{}) << "after the end";
}

TEST_F(FindingsTest, TellsAgainWhatTheBusDidNotTake) {
  Share share(findings_, "web");
  fake_.publish_answers = {TARSIER_AGAIN, TARSIER_RESOURCE, TARSIER_AGAIN};
  share.set("a", target("a:1"));
  share.set("b", target("b:1"));
  share.set("b", target("b:2"));
  EXPECT_EQ(found(), Found{});
  fake_.fire_timers();
  EXPECT_EQ(found(), (Found{{"web test/a", "__address__=a:1\n"}, {"web test/b", "__address__=b:2\n"}}));
  fake_.publish_answers = {TARSIER_AGAIN};
  share.end();
  fake_.fire_timers();
  EXPECT_EQ(found(), Found{});
}

TEST_F(FindingsTest, WhatTwoFindGoesWithTheLast) {
  Share old(findings_, "web");
  old.set("a", target("a:1"));
  old.set("b", target("b:1"));
  Share fresh(findings_, "web");
  fresh.claim("a");
  old.set("a", target("late:1"));
  old.end();
  EXPECT_EQ(found(), (Found{{"web test/a", "__address__=a:1\n"}})) << "it stays until the new one knows better";
  fresh.set("a", target("a:2"));
  EXPECT_EQ(found(), (Found{{"web test/a", "__address__=a:2\n"}}));
  fresh.end();
  EXPECT_EQ(found(), Found{});
}

TEST_F(FindingsTest, TheOldOneIsHeardAgainWhenTheNewOneEnds) {
  Share old(findings_, "web");
  old.set("a", target("a:1"));
  {
    Share fresh(findings_, "web");
    fresh.claim("a");
    fresh.end();
  }
  old.set("a", target("a:3"));
  EXPECT_EQ(found(), (Found{{"web test/a", "__address__=a:3\n"}}));
}

TEST_F(FindingsTest, FailuresAreCountedLoggedOnceAndShown) {
  Share share(findings_, "web");
  share.refreshed("a", {});
  share.refreshed("a", Error::unavailable("no answer"));
  share.refreshed("a", Error::unavailable("no answer"));
  share.refreshed("b", Error::unavailable("no route"));
  EXPECT_EQ(fake_.metrics["tarsier_discovery_refreshes_total"], 4);
  EXPECT_EQ(fake_.metrics["tarsier_discovery_refresh_failures_total"], 3);
  EXPECT_EQ(fake_.log, (std::vector<std::string>{"the targets found before stay config=web error=no answer",
                                                 "the targets found before stay config=web error=no route"}));
  EXPECT_EQ(fake_.health, "config 'web': no answer (and 1 more)");
  share.refreshed("a", {});
  EXPECT_EQ(fake_.health, "config 'web': no route");
  share.remove("b");
  EXPECT_EQ(fake_.health, "ok");
}

TEST_F(FindingsTest, NothingIsWithdrawnWhenTheWholeHostStops) {
  Share share(findings_, "web");
  share.set("a", target("a:1"));
  fake_.ready = 0;
  ASSERT_TRUE(findings_.withdraw());
  EXPECT_EQ(found().size(), 1U);
  fake_.ready = 1;
  ASSERT_TRUE(findings_.withdraw());
  EXPECT_EQ(found(), Found{});
}

}  // namespace
}  // namespace tarsier::discovery
