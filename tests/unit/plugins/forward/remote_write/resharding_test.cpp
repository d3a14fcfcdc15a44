// How many shards there should be.
#include "plugins/forward/remote_write/resharding.hpp"

#include <gtest/gtest.h>

namespace tarsier::forward {
namespace {

Traffic steady() {
  return {.seconds = 10, .samples_in = 10'000, .samples_out = 10'000, .seconds_sending = 5, .pending = 0, .sent_lately = true};
}

TEST(Resharding, StaysWhereOneIsEnough) { EXPECT_EQ(Resharding().desired(1, steady(), {}), 1U); }

TEST(Resharding, GrowsWithWhatWaits) {
  Traffic traffic = steady();
  traffic.pending = 1'000'000;
  EXPECT_EQ(Resharding().desired(1, traffic, {}), 26U) << "0.5 ms each, for 1000 that come and 50000 that catch up, each second";
  EXPECT_EQ(Resharding().desired(1, traffic, {.max_shards = 5}), 5U);
}

TEST(Resharding, SmallChangesAreNotWorthIt) {
  Traffic traffic = steady();
  traffic.seconds_sending = 100;  // 10 of them are busy
  EXPECT_EQ(Resharding().desired(10, traffic, {}), 10U);
  EXPECT_EQ(Resharding().desired(8, traffic, {}), 8U);
  EXPECT_EQ(Resharding().desired(5, traffic, {}), 10U);
}

TEST(Resharding, ShrinksOnlyWhenItIsNotBehind) {
  Traffic traffic = steady();
  traffic.pending = 20'000;
  EXPECT_EQ(Resharding().desired(20, traffic, {}), 20U);
  traffic.pending = 500;
  EXPECT_EQ(Resharding().desired(20, traffic, {}), 1U);
}

TEST(Resharding, AReceiverThatTakesNothingGetsNoMore) {
  Traffic traffic = steady();
  traffic.samples_out = 0;
  traffic.pending = 10'000'000;
  traffic.sent_lately = false;
  EXPECT_EQ(Resharding().desired(1, traffic, {}), 1U);
}

TEST(Resharding, KeepsWithinChangedLimits) {
  Traffic traffic = steady();
  traffic.sent_lately = false;
  EXPECT_EQ(Resharding().desired(1, traffic, {.min_shards = 4}), 4U);
  EXPECT_EQ(Resharding().desired(40, traffic, {.max_shards = 8}), 8U);
}

}  // namespace
}  // namespace tarsier::forward
