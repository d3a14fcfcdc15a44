// What discovery plugins tell reaches the pools: at once, in turn, and also what was told before.
#include "plugins/collect/scrape/discovery_feed.hpp"

#include <gtest/gtest.h>

#include "tarsier/discovery.hpp"
#include "tests/unit/plugins/collect/support/fake_host.hpp"

namespace tarsier::scrape {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

class DiscoveryFeedTest : public testing::Test {
 protected:
  static TargetLabels at(const std::string& address) { return {{"__address__", address}, {"__meta_x", "1"}}; }
  std::vector<std::string> addresses(std::string_view pool) const {
    std::vector<std::string> found;
    if (const FoundTargets all = feed.of(pool))
      all([&found](const LabelSet& labels) { found.push_back(labels.at("__address__")); });
    return found;
  }

  fake::FakeHost fake;
  Host host{fake.raw()};
  DiscoveredTargets files{fake::attached(host)};
  std::vector<std::string> changed;
  DiscoveryFeed feed{host, [this](const std::string& pool) { changed.push_back(pool); }};
};

using Names = std::vector<std::string>;

TEST_F(DiscoveryFeedTest, TellsWhatIsFoundBySource) {
  ASSERT_TRUE(feed.start());
  ASSERT_TRUE(files.set("api", "a.json", {at("a:1"), at("b:1")}));
  ASSERT_TRUE(files.set("db", "a.json", {at("d:1")}));
  EXPECT_EQ(changed, (Names{"api", "db"}));
  ASSERT_TRUE(files.set("api", "b.json", {at("c:1")}));
  EXPECT_EQ(addresses("api"), (Names{"a:1", "b:1", "c:1"}));
  EXPECT_EQ(addresses("db"), Names{"d:1"});
  EXPECT_EQ(addresses("none"), Names{});
  EXPECT_EQ(fake.subscribers.front().owed, 0U);
}

TEST_F(DiscoveryFeedTest, APoolIsToldOnceInFiveSeconds) {
  ASSERT_TRUE(feed.start());
  ASSERT_TRUE(files.set("api", "a", {at("a:1")}));
  fake.mono_ns += kSecond;
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(files.set("api", "a", {at("b:" + std::to_string(i))}));
  EXPECT_EQ(changed.size(), 1U);
  ASSERT_EQ(fake.timers.size(), 1U);
  EXPECT_EQ(fake.timers.front().interval_ns, 4 * kSecond);
  fake.mono_ns += 4 * kSecond;
  fake.fire_timers();
  EXPECT_EQ(changed.size(), 2U);
  EXPECT_EQ(addresses("api"), Names{"b:2"});
  fake.mono_ns += 5 * kSecond;
  ASSERT_TRUE(files.remove("api", "a"));
  EXPECT_EQ(changed.size(), 3U);
  EXPECT_EQ(addresses("api"), Names{});
}

TEST_F(DiscoveryFeedTest, WhatIsAsBeforeIsNotTold) {
  ASSERT_TRUE(feed.start());
  ASSERT_TRUE(files.set("api", "a", {at("a:1")}));
  const size_t told = fake.batches.size();
  ASSERT_TRUE(files.set("api", "a", {at("a:1")}));
  EXPECT_EQ(fake.batches.size(), told);
  ASSERT_TRUE(files.remove("api", "other"));
  EXPECT_EQ(fake.batches.size(), told);
}

TEST_F(DiscoveryFeedTest, AsksThoseWhoWereThereBefore) {
  ASSERT_TRUE(files.set("api", "a", {at("a:1")}));
  ASSERT_TRUE(files.set("api", "b", {at("b:1")}));
  fake.providers[TARSIER_DISCOVERY_SERVICE] = {"test"};
  fake.offered[TARSIER_DISCOVERY_SERVICE "@test"] = files.table();
  ASSERT_TRUE(feed.start());
  EXPECT_EQ(addresses("api"), (Names{"a:1", "b:1"}));
  EXPECT_EQ(changed.front(), "api");
}

TEST_F(DiscoveryFeedTest, WhatTheBusTellsMeanwhileIsNewer) {
  ASSERT_TRUE(files.set("api", "a", {at("old:1")}));
  ASSERT_TRUE(files.set("api", "b", {at("b:1")}));
  struct Slow {
    DiscoveredTargets& files;
    tarsier_discovery table{sizeof(tarsier_discovery), 0, this, [](void* self, void* user, auto each) {
                              auto& slow = *static_cast<Slow*>(self);
                              std::vector<const tarsier_batch*> batches;
                              slow.files.table()->current(slow.files.table()->self, &batches,
                                                          [](void* to, const tarsier_batch* batch) {
                                                            static_cast<std::vector<const tarsier_batch*>*>(to)->push_back(batch);
                                                          });
                              each(user, batches.at(0));
                              EXPECT_TRUE(slow.files.set("api", "a", {at("new:1")}));
                              EXPECT_TRUE(slow.files.remove("api", "b"));
                            }};
  } slow{files};
  fake.providers[TARSIER_DISCOVERY_SERVICE] = {"test"};
  fake.offered[TARSIER_DISCOVERY_SERVICE "@test"] = &slow.table;
  ASSERT_TRUE(feed.start());
  EXPECT_EQ(addresses("api"), Names{"new:1"});
}

TEST_F(DiscoveryFeedTest, WhoIsTakenOutTakesItsTargetsWithIt) {
  ASSERT_TRUE(feed.start());
  ASSERT_TRUE(files.set("api", "a", {at("a:1")}));
  ASSERT_TRUE(files.set("db", "a", {at("b:1")}));
  fake.ready = 0;  // the whole host stops
  ASSERT_TRUE(files.withdraw());
  EXPECT_EQ(addresses("api"), Names{"a:1"});
  fake.ready = 1;
  ASSERT_TRUE(files.withdraw());
  EXPECT_EQ(addresses("api"), Names{});
  EXPECT_EQ(addresses("db"), Names{});
}

TEST_F(DiscoveryFeedTest, WhatWasNotTakenIsToldAgain) {
  ASSERT_TRUE(feed.start());
  fake.publish_answers = {TARSIER_AGAIN};
  EXPECT_FALSE(files.set("api", "a", {at("a:1")}));
  EXPECT_EQ(addresses("api"), Names{});
  ASSERT_TRUE(files.set("api", "a", {at("a:1")}));
  EXPECT_EQ(addresses("api"), Names{"a:1"});
}

TEST_F(DiscoveryFeedTest, NothingIsToldAfterTheStop) {
  ASSERT_TRUE(feed.start());
  ASSERT_TRUE(files.set("api", "a", {at("a:1")}));
  ASSERT_TRUE(files.set("api", "a", {at("b:1")}));
  feed.stop();
  fake.fire_timers();
  ASSERT_TRUE(files.set("api", "a", {at("c:1")}));
  EXPECT_EQ(changed.size(), 1U);
}

}  // namespace
}  // namespace tarsier::scrape
