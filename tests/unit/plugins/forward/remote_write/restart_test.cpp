// Nothing lost and nothing twice, over restarts, kills and changes of the configuration.
#include "sender_fixture.hpp"

namespace tarsier::forward {
namespace {

using test::kMs;
using test::kSecond;
using test::samples_of;

/// A receiver: what it was sent, by series.
class Taken {
 public:
  void take(const std::string& text) {
    std::istringstream lines(text);
    for (std::string series, value, at; lines >> series >> value >> at;) times_[series].push_back(std::stoll(at.substr(1)));
  }
  /// Each of so many series once at each second.
  void expect(size_t series, size_t seconds) const {
    EXPECT_EQ(times_.size(), series);
    for (const auto& [name, found] : times_) {
      ASSERT_EQ(found.size(), seconds) << name;
      for (size_t i = 0; i < seconds; ++i) ASSERT_EQ(found[i], static_cast<int64_t>(i) * 1000) << name;
    }
  }

 private:
  std::map<std::string, std::vector<int64_t>> times_;
};

class RestartTest : public test::SenderTest {
 protected:
  void append_seconds(int from, int to, uint32_t series = 10) {
    for (int i = from; i < to; ++i) ASSERT_TRUE(append(samples_of(series, i * 1000, i)));
    run();
  }
  void take_into(Taken& taken) {
    for (const std::string& body : take_all()) taken.take(body);
  }
};

TEST_F(RestartTest, WhatWasNotSentIsSentAfterTheRestart) {
  open();
  append_seconds(0, 5);
  restart();
  append_seconds(5, 8);
  Taken taken;
  take_into(taken);
  taken.expect(10, 8);
  restart();
  EXPECT_TRUE(take_all().empty());
}

TEST_F(RestartTest, AnEndpointThatIsNewBeginsAtNow) {
  open();
  append_seconds(0, 5);
  EndpointSettings other = endpoint_;
  other.name = "other";
  other.url = "http://other/write";
  others_ = {other};
  ASSERT_TRUE(sender_->apply(settings()));
  kill_and_restart();
  append_seconds(5, 7);
  pass(kSecond);
  std::map<std::string, Taken> taken;
  for (const size_t call : under_way()) {
    taken[fake_.calls[call].url].take(text(call));
    answer(call, 204);
  }
  taken["http://there/write"].expect(10, 7);
  const std::string others = fake_.calls.back().url == other.url ? text(fake_.calls.size() - 1) : text(fake_.calls.size() - 2);
  EXPECT_EQ(std::ranges::count(others, '\n'), 20) << "seconds 5 and 6";
}

TEST_F(RestartTest, AnEndpointThatGoesAndComesBackBeginsAtNow) {
  EndpointSettings other = endpoint_;
  other.name = "other";
  others_ = {other};
  open();
  others_.clear();
  ASSERT_TRUE(sender_->apply(settings()));
  append_seconds(0, 3);
  others_ = {other};
  ASSERT_TRUE(sender_->apply(settings()));
  Taken taken;
  take_into(taken);
  taken.expect(10, 3);
}

TEST_F(RestartTest, AKillWithShardsAtDifferentPlacesSendsNothingTwice) {
  endpoint_.sending.min_shards = endpoint_.sending.max_shards = 3;
  endpoint_.sending.max_samples_per_send = 5;
  open();
  append_seconds(0, 20);
  Taken taken;
  // One shard hangs, the others go on; and all that is answered is known when the process dies.
  for (int round = 0; round < 6; ++round) {
    for (const size_t call : under_way()) {
      if (call == 0) continue;
      taken.take(text(call));
      answer(call, 204);
    }
  }
  kill_and_restart();
  append_seconds(20, 25);
  take_into(taken);
  taken.expect(10, 25);
}

/// Prometheus answers 400 to a request with a sample older than the newest of its series, and keeps nothing of it. So what it has
/// taken without our knowing must not come back together with what it has not.
TEST_F(RestartTest, AKillInMidRequestSendsThatRequestAgainAsItWas) {
  endpoint_.sending.max_samples_per_send = 1000;
  open();
  append_seconds(0, 3);
  pass(kSecond);
  ASSERT_EQ(fake_.calls.size(), 1U);
  const std::string body = fake_.calls[0].body;
  append_seconds(3, 10);
  kill_and_restart();
  append_seconds(10, 12);
  pass(kSecond);
  ASSERT_EQ(fake_.calls.size(), 2U);
  EXPECT_EQ(fake_.calls[1].body, body);
  Taken taken;
  taken.take(text(1));
  answer(1, 204);
  take_into(taken);
  taken.expect(10, 12);
}

TEST_F(RestartTest, AKillWhileItIsTriedAgainSendsItAsItWas) {
  endpoint_.sending.max_samples_per_send = 7;
  open();
  append_seconds(0, 3);
  Taken taken;
  taken.take(text(0));
  answer(0, 204);
  const std::string body = fake_.calls[1].body;
  fail(1, TARSIER_DEADLINE);
  endpoint_.sending.max_samples_per_send = 1000;
  kill_and_restart();
  pass(kSecond);
  ASSERT_EQ(fake_.calls.size(), 3U);
  EXPECT_EQ(fake_.calls[2].body, body);
  taken.take(text(2));
  answer(2, 204);
  take_into(taken);
  taken.expect(10, 3);
}

TEST_F(RestartTest, OtherSettingsComeIntoForceBetweenRequests) {
  endpoint_.sending.max_samples_per_send = 10;
  open();
  append_seconds(0, 6);
  Taken taken;
  taken.take(text(0));
  endpoint_.url = "http://elsewhere/write";
  endpoint_.message = Message::request_v2;
  ASSERT_TRUE(sender_->apply(settings()));
  run();
  EXPECT_EQ(fake_.calls.size(), 1U) << "its answer is waited for";
  answer(0, 204);
  ASSERT_EQ(fake_.calls.size(), 2U);
  EXPECT_EQ(fake_.calls[1].url, "http://elsewhere/write");
  take_into(taken);
  taken.expect(10, 6);
}

TEST_F(RestartTest, TheNumberOfShardsMayChangeOverARestart) {
  endpoint_.sending.min_shards = endpoint_.sending.max_shards = 3;
  endpoint_.sending.max_samples_per_send = 4;
  open();
  append_seconds(0, 10);
  Taken taken;
  for (const size_t call : under_way()) {
    if (call == 1) continue;
    taken.take(text(call));
    answer(call, 204);
  }
  endpoint_.sending.min_shards = endpoint_.sending.max_shards = 2;
  kill_and_restart();
  append_seconds(10, 14);
  take_into(taken);
  for (int i = 0; i < 12; ++i) pass(kSecond);
  append_seconds(14, 16);
  take_into(taken);
  taken.expect(10, 16);
}

TEST_F(RestartTest, WhatTheQueueHadNoRoomForIsCounted) {
  max_queue_bytes_ = uint64_t{16} << 20;
  open();
  for (int i = 0; i < 60; ++i) {
    ASSERT_TRUE(append(test::large_batch(i * 1000)));
    sender_->tick();
  }
  restart();
  uint64_t sent = 0;
  for (const std::string& body : take_all()) sent += static_cast<uint64_t>(std::ranges::count(body, '\n'));
  EXPECT_GT(metric("dropped_samples_total"), 0);
  EXPECT_EQ(metric("dropped_samples_total") + static_cast<double>(sent), 60);
}

TEST_F(RestartTest, WhatWaitedTooLongIsCounted) {
  endpoint_.max_age_ns = 100 * kSecond;
  open();
  append_seconds(0, 2);
  restart();  // nothing of it in memory
  fake_.wall_ns += 200 * kSecond;
  restart();
  append_seconds(2, 3);
  const auto bodies = take_all();
  ASSERT_EQ(bodies.size(), 1U);
  EXPECT_EQ(std::ranges::count(bodies[0], '\n'), 10);
}

}  // namespace
}  // namespace tarsier::forward
