#include "plugins/alert/alerts/dispatcher.hpp"

#include <gtest/gtest.h>

namespace tarsier::alerts {
namespace {

constexpr int64_t kSecond = 1'000'000'000;
constexpr int64_t kMinute = 60 * kSecond;
constexpr int64_t kHour = 60 * kMinute;

/// Alertmanager's default times; alerts are named a, b, ... of one group.
class DispatcherTest : public testing::Test {
 protected:
  std::string fire(const std::string& instance, int64_t now_ns) {
    return dispatcher_.take({{{"alertname", "Down"}, {"instance", instance}}, {}, now_ns, now_ns + kHour, "", "", 0}, now_ns);
  }
  std::string resolve(const std::string& instance, int64_t now_ns) {
    return dispatcher_.take({{{"alertname", "Down"}, {"instance", instance}}, {}, now_ns - kSecond, now_ns, "", "", 0}, now_ns);
  }
  /// Delivers what is due and says how many alerts each notification had.
  std::vector<size_t> deliver(int64_t now_ns) {
    std::vector<size_t> sizes;
    for (const Due& due : dispatcher_.due(now_ns)) {
      sizes.push_back(due.alerts.size());
      dispatcher_.told(due, now_ns);
    }
    return sizes;
  }
  Dispatcher dispatcher_{{"team", {"webhook"}, {"alertname"}, 30 * kSecond, 5 * kMinute, 4 * kHour}, 5 * kMinute};
};

using Sizes = std::vector<size_t>;

TEST_F(DispatcherTest, WaitsForCompanyThenTellsTheGroupAtOnce) {
  fire("a", 0);
  fire("b", 20 * kSecond);
  EXPECT_EQ(dispatcher_.next_ns(), 30 * kSecond);
  EXPECT_EQ(deliver(29 * kSecond), Sizes{});
  EXPECT_EQ(deliver(30 * kSecond), Sizes{2});
}

TEST_F(DispatcherTest, TellsNewsAtTheNextInterval) {
  fire("a", 0);
  deliver(30 * kSecond);
  fire("b", kMinute);
  EXPECT_EQ(deliver(2 * kMinute), Sizes{});
  EXPECT_EQ(deliver(30 * kSecond + 5 * kMinute), Sizes{2});
}

TEST_F(DispatcherTest, RepeatsOnlyAfterTheRepeatInterval) {
  fire("a", 0);
  deliver(30 * kSecond);
  int64_t now = 30 * kSecond;
  size_t told = 0;
  for (; now < 4 * kHour + 30 * kSecond; now += 5 * kMinute) {
    fire("a", now);
    told += deliver(now).size();
  }
  EXPECT_EQ(told, 0U);
  fire("a", now);
  EXPECT_EQ(deliver(now), Sizes{1});
}

TEST_F(DispatcherTest, TellsOfResolvedAlertsOnceAndForgetsThem) {
  fire("a", 0);
  deliver(30 * kSecond);
  resolve("a", kMinute);
  const auto due = dispatcher_.due(30 * kSecond + 5 * kMinute);
  ASSERT_EQ(due.size(), 1U);
  EXPECT_TRUE(due[0].alerts[0].resolved_at(30 * kSecond + 5 * kMinute));
  dispatcher_.told(due[0], 30 * kSecond + 5 * kMinute);
  EXPECT_TRUE(dispatcher_.groups().empty());
  EXPECT_FALSE(dispatcher_.next_ns()) << "nothing is left to do";
}

TEST_F(DispatcherTest, AnAlertThatResolvedBeforeAnybodyHeardOfItIsSilent) {
  fire("a", 0);
  resolve("a", 10 * kSecond);
  EXPECT_EQ(deliver(30 * kSecond), Sizes{});
  EXPECT_TRUE(dispatcher_.groups().empty());
}

TEST_F(DispatcherTest, FiresAnewAfterItWasToldResolved) {
  fire("a", 0);
  deliver(30 * kSecond);
  resolve("a", kMinute);
  deliver(6 * kMinute);
  fire("a", 7 * kMinute);
  EXPECT_EQ(deliver(7 * kMinute + 30 * kSecond), Sizes{1});
}

TEST_F(DispatcherTest, AnUndeliveredNotificationIsDueAgainAtTheNextInterval) {
  fire("a", 0);
  EXPECT_EQ(dispatcher_.due(30 * kSecond).size(), 1U);
  EXPECT_EQ(dispatcher_.due(30 * kSecond + 5 * kMinute).size(), 1U);
}

TEST_F(DispatcherTest, AnAlertNobodyRenewsResolvesByItself) {
  dispatcher_.take({{{"alertname", "Down"}}, {}, 0, 0, "", "", 0}, kSecond);
  EXPECT_EQ(dispatcher_.alerts(kMinute).size(), 1U);
  EXPECT_EQ(dispatcher_.alerts(6 * kMinute).size(), 0U);
}

TEST_F(DispatcherTest, DoesNotTellAgainAfterARestartWhatWasTold) {
  fire("a", 0);
  const auto due = dispatcher_.due(30 * kSecond);
  const Told told = dispatcher_.told(due[0], 30 * kSecond);
  Dispatcher restarted(dispatcher_.route(), 5 * kMinute);
  restarted.remember(Dispatcher::told_key(due[0].group_key, "webhook"), told);
  restarted.take({{{"alertname", "Down"}, {"instance", "a"}}, {}, 0, kHour, "", "", 0}, kMinute);
  EXPECT_TRUE(restarted.due(kMinute).empty());
}

TEST_F(DispatcherTest, EachNotifierIsOwedItsOwnWord) {
  Route route = dispatcher_.route();
  route.notifiers = {"one", "two"};
  dispatcher_.set_route(route, 0);
  fire("a", 0);
  const auto due = dispatcher_.due(30 * kSecond);
  ASSERT_EQ(due.size(), 2U);
  dispatcher_.told(due[0], 30 * kSecond);  // the second failed
  const auto again = dispatcher_.due(30 * kSecond + 5 * kMinute);
  ASSERT_EQ(again.size(), 1U);
  EXPECT_EQ(again[0].notifier, "two");
}

TEST_F(DispatcherTest, RefusesAlertsThatAreNone) {
  EXPECT_EQ(dispatcher_.take({{{"x", ""}}, {}, 0, 0, "", "", 0}, 0), "at least one label pair required");
  EXPECT_EQ(dispatcher_.take({{{"x", "y"}}, {}, 10, 5, "", "", 0}, 0), "start time must be before end time");
}

TEST(Fingerprint, IsAlertmanagers) {
  // Captured from Alertmanager 0.25.
  EXPECT_EQ(fingerprint({{"alertname", "InstanceDown"},
                         {"cluster", "eu-1"},
                         {"instance", "web-1:9100"},
                         {"job", "node"},
                         {"severity", "critical"}}),
            "d8d494a127c2da95");
}

TEST(GroupKey, IsAlertmanagers) {
  Dispatcher dispatcher({"team", {"w"}, {"alertname", "cluster"}, 0, kMinute, kHour}, kMinute);
  dispatcher.take({{{"alertname", "InstanceDown"}, {"cluster", "eu-1"}, {"instance", "x"}}, {}, 1, kHour, "", "", 0}, 2);
  const auto due = dispatcher.due(2);
  ASSERT_EQ(due.size(), 1U);
  EXPECT_EQ(due[0].group_key, "{}:{alertname=\"InstanceDown\", cluster=\"eu-1\"}");
}

}  // namespace
}  // namespace tarsier::alerts
