// Whose query is next, and who is refused.
#include "plugins/query/promql/exec/query_gate.hpp"

#include <gtest/gtest.h>
#include <string>
#include <thread>

namespace tarsier::promql {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

class QueryGateTest : public testing::Test {
 protected:
  static GateLimits limits(uint32_t concurrency, uint32_t queued) { return {concurrency, queued, 60 * kSecond}; }
  /// Enters; what comes of it later is added to `order`, refusals as '!'.
  bool enter(std::string_view client, char name) {
    return gate_.enter(client, [this, name](const Result<void>& outcome) {
      if (!outcome) errors_.push_back(outcome.error().message());
      order_ += outcome ? name : '!';
    });
  }

  int64_t now_ns_ = 0;
  std::string order_;
  std::vector<std::string> errors_;
  QueryGate gate_{limits(1, 2000), [this] { return now_ns_; }};
};

TEST_F(QueryGateTest, LetsInAsManyAsItIsTold) {
  gate_.set_limits(limits(2, 10));
  EXPECT_TRUE(enter("a", '1'));
  EXPECT_TRUE(enter("a", '2'));
  EXPECT_FALSE(enter("a", '3'));
  EXPECT_EQ(gate_.running(), 2U);
  EXPECT_EQ(gate_.queued(), 1U);
  gate_.leave();
  EXPECT_EQ(order_, "3");
  EXPECT_EQ(gate_.running(), 2U);
  gate_.leave();
  gate_.leave();
  EXPECT_EQ(gate_.running(), 0U);
}

TEST_F(QueryGateTest, LetsClientsTakeTurns) {
  EXPECT_TRUE(enter("flood", '0'));
  for (int i = 0; i < 1000; ++i) EXPECT_FALSE(enter("flood", '.'));
  gate_.leave();  // one of the flood is at work
  EXPECT_FALSE(enter("other", 'O'));
  EXPECT_FALSE(enter("third", 'T'));
  for (int i = 0; i < 4; ++i) gate_.leave();
  EXPECT_EQ(order_.size(), 5U);
  EXPECT_NE(order_.find('O'), std::string::npos) << order_;
  EXPECT_NE(order_.find('T'), std::string::npos) << order_;
}

TEST_F(QueryGateTest, RefusesWhenTooManyWait) {
  gate_.set_limits(limits(1, 1));
  EXPECT_TRUE(enter("a", '1'));
  EXPECT_FALSE(enter("a", '2'));
  EXPECT_FALSE(enter("b", '3'));
  EXPECT_EQ(order_, "!");
  EXPECT_EQ(errors_.at(0), "too many queries: 1 are at work and 1 wait (max_concurrency, max_queued)");
  gate_.leave();
  EXPECT_EQ(order_, "!2");
}

TEST_F(QueryGateTest, RefusesWhoWaitsTooLong) {
  int64_t wake_ns = 0;
  gate_.on_waiting([&](int64_t at_ns) { wake_ns = at_ns; });
  EXPECT_TRUE(enter("a", '1'));
  EXPECT_FALSE(enter("a", '2'));
  EXPECT_EQ(wake_ns, 60 * kSecond);
  now_ns_ = 30 * kSecond;
  EXPECT_FALSE(enter("b", '3'));
  EXPECT_EQ(gate_.refuse_late(), 60 * kSecond);
  now_ns_ = 60 * kSecond;
  EXPECT_EQ(gate_.refuse_late(), 90 * kSecond);
  EXPECT_EQ(order_, "!");
  EXPECT_EQ(errors_.at(0), "query timed out in query queue");
  gate_.leave();
  EXPECT_EQ(order_, "!3");
  EXPECT_EQ(gate_.refuse_late(), 0);
}

TEST_F(QueryGateTest, RefusesAllWhenItCloses) {
  EXPECT_TRUE(enter("a", '1'));
  EXPECT_FALSE(enter("a", '2'));
  gate_.close();
  EXPECT_FALSE(enter("a", '3'));
  EXPECT_EQ(order_, "!!");
  gate_.leave();
}

TEST_F(QueryGateTest, MakesRoomWhenItIsToldOfMore) {
  EXPECT_TRUE(enter("a", '1'));
  EXPECT_FALSE(enter("a", '2'));
  gate_.set_limits(limits(2, 10));
  EXPECT_EQ(order_, "2");
}

TEST_F(QueryGateTest, WaitsOnTheThreadOfWhoHasOne) {
  EXPECT_TRUE(gate_.enter_and_wait("host", kSecond).ok());
  std::thread other([&] {
    const auto entered = gate_.enter_and_wait("host", 60 * kSecond);
    EXPECT_TRUE(entered.ok());
    gate_.leave();
  });
  while (gate_.queued() == 0) std::this_thread::yield();
  gate_.leave();
  other.join();
  EXPECT_EQ(gate_.running(), 0U);
}

TEST_F(QueryGateTest, GivesThePlaceOnOfWhoHasGone) {
  EXPECT_TRUE(enter("a", '1'));
  const auto late = gate_.enter_and_wait("host", 1);
  ASSERT_FALSE(late.ok());
  EXPECT_EQ(late.error().code(), TARSIER_DEADLINE);
  EXPECT_FALSE(enter("a", '2'));
  gate_.leave();
  EXPECT_EQ(order_, "2");
}

}  // namespace
}  // namespace tarsier::promql
