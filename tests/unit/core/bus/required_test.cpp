// Required subscriptions: a producer hears when its batch is safe, and hears also when it never will be.
#include <thread>

#include "tests/unit/core/bus/fixtures.hpp"

namespace tarsier::bus {
namespace {

using testing::HasSubstr;

class RequiredTest : public BusTest {
 protected:
  Answer answer;
};

TEST_F(RequiredTest, AnswersAtOnceWithoutAStore) {
  ASSERT_TRUE(publish(1, answer));
  EXPECT_EQ(answer.times(), 1);
  EXPECT_EQ(answer.status, TARSIER_OK);
}

TEST_F(RequiredTest, RefusesWhenAStoreIsDemandedAndThereIsNone) {
  Subscriber best_effort(bus, consumer, TARSIER_FULL_BLOCK, 0);
  EXPECT_EQ(publish(1, answer, TARSIER_PUBLISH_REQUIRE_STORE).error().code(), TARSIER_UNAVAILABLE);
  EXPECT_EQ(answer.times(), 0);
}

TEST_F(RequiredTest, WaitsForAStoreThatIsBeingReplacedThoughThereIsAnother) {
  Subscriber stays(bus, consumer, TARSIER_FULL_BLOCK, 0, true), goes(bus, store_owner, TARSIER_FULL_BLOCK, 0, true);
  bus.expect_back(store_owner.instance());
  ASSERT_TRUE(publish(1, answer, TARSIER_PUBLISH_REQUIRE_STORE)) << "it is still there";
  pool.settle();
  Bus::complete(stays.deliveries()[0], TARSIER_OK, "");
  Bus::complete(goes.deliveries()[0], TARSIER_OK, "");
  Bus::unsubscribe(goes.handle);
  const auto refused = publish(2, answer, TARSIER_PUBLISH_REQUIRE_STORE);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), TARSIER_UNAVAILABLE);
  EXPECT_THAT(refused.error().message(), HasSubstr(store_owner.instance()));
  EXPECT_GT(refused.error().retry_after_ns(), 0);
  Subscriber back(bus, store_owner, TARSIER_FULL_BLOCK, 0, true);
  ASSERT_TRUE(publish(3, answer, TARSIER_PUBLISH_REQUIRE_STORE));
  pool.settle();
  Bus::complete(stays.deliveries()[1], TARSIER_OK, "");
  Bus::complete(back.deliveries()[0], TARSIER_OK, "");
  Bus::unsubscribe(back.handle);
  EXPECT_FALSE(publish(4, answer, TARSIER_PUBLISH_REQUIRE_STORE));
  bus.expect_nobody();
  ASSERT_TRUE(publish(5, answer, TARSIER_PUBLISH_REQUIRE_STORE));
  pool.settle();
  Bus::complete(stays.deliveries()[2], TARSIER_OK, "");
}

TEST_F(RequiredTest, AnswersWhenAllStoresHaveCompleted) {
  Subscriber one(bus, store_owner, TARSIER_FULL_BLOCK, 0, true), two(bus, consumer, TARSIER_FULL_BLOCK, 0, true);
  ASSERT_TRUE(publish(1, answer, TARSIER_PUBLISH_REQUIRE_STORE));
  pool.settle();
  EXPECT_EQ(answer.times(), 0);
  Bus::complete(one.deliveries()[0], TARSIER_OK, "");
  EXPECT_EQ(answer.times(), 0);
  std::thread elsewhere([&] { Bus::complete(two.deliveries()[0], TARSIER_OK, ""); });
  elsewhere.join();
  EXPECT_EQ(answer.times(), 1);
  EXPECT_EQ(answer.status, TARSIER_OK);
}

TEST_F(RequiredTest, AnswersTheFirstFailure) {
  Subscriber one(bus, store_owner, TARSIER_FULL_BLOCK, 0, true), two(bus, consumer, TARSIER_FULL_BLOCK, 0, true);
  ASSERT_TRUE(publish(1, answer));
  pool.settle();
  Bus::complete(one.deliveries()[0], TARSIER_RESOURCE, "disk full");
  Bus::complete(two.deliveries()[0], TARSIER_INTERNAL, "other");
  EXPECT_EQ(answer.times(), 1);
  EXPECT_EQ(answer.status, TARSIER_RESOURCE);
  EXPECT_EQ(answer.message, "disk full");
}

TEST_F(RequiredTest, CountsWhatIsNotCompletedAgainstTheQueue) {
  Subscriber store(bus, store_owner, TARSIER_FULL_DROP_NEWEST, 1000, true);
  ASSERT_TRUE(publish(1, 900));
  pool.settle();
  EXPECT_EQ(publish(2, 900).error().code(), TARSIER_AGAIN);
  Bus::complete(store.deliveries()[0], TARSIER_OK, "");
  ASSERT_TRUE(publish(3, 900));
  pool.settle();
  Bus::complete(store.deliveries()[1], TARSIER_OK, "");
}

TEST_F(RequiredTest, AnswersForWhatWasQueuedWhenTheStoreStops) {
  Subscriber store(bus, store_owner, TARSIER_FULL_BLOCK, 0, true);
  store.hold();
  Answer second;
  ASSERT_TRUE(publish(1, answer));
  store.wait_for(1);
  ASSERT_TRUE(publish(2, second));
  store_owner.close();
  bus.detach(store_owner);
  EXPECT_EQ(second.times(), 1);
  EXPECT_EQ(second.status, TARSIER_UNAVAILABLE);
  EXPECT_EQ(answer.times(), 0);
  store.release();
  pool.settle();
  Bus::complete(store.deliveries()[0], TARSIER_OK, "");  // flushed while it stops
  EXPECT_EQ(answer.times(), 1);
  EXPECT_EQ(answer.status, TARSIER_OK);
  Bus::unsubscribe(store.handle);
  bus.forget(store_owner);
}

TEST_F(RequiredTest, AnswersForWhatTheStoreNeverCompleted) {
  Subscriber store(bus, store_owner, TARSIER_FULL_BLOCK, 0, true);
  ASSERT_TRUE(publish(1, answer));
  pool.settle();
  store_owner.close();
  bus.detach(store_owner);
  Bus::unsubscribe(store.handle);
  EXPECT_EQ(answer.times(), 0);
  bus.forget(store_owner);
  EXPECT_EQ(answer.times(), 1);
  EXPECT_EQ(answer.status, TARSIER_UNAVAILABLE);
  EXPECT_THAT(answer.message, HasSubstr("store"));
}

TEST_F(RequiredTest, AnswersTheProducerThatStopsBeforeItsBatchIsSafe) {
  Subscriber store(bus, store_owner, TARSIER_FULL_BLOCK, 0, true);
  ASSERT_TRUE(publish(1, answer));
  pool.settle();
  producer.close();
  bus.detach(producer);
  EXPECT_EQ(answer.times(), 1);
  EXPECT_EQ(answer.status, TARSIER_CANCELLED);
  Bus::complete(store.deliveries()[0], TARSIER_OK, "");
  EXPECT_EQ(answer.times(), 1);
  Answer late;
  EXPECT_EQ(publish(2, late).error().code(), TARSIER_UNAVAILABLE);
  EXPECT_TRUE(publish(3));  // without an answer it may: a last batch in stop()
  pool.settle();
  Bus::complete(store.deliveries()[1], TARSIER_OK, "");
}

TEST_F(RequiredTest, LeavesTheAnswerToDetachWhenTheProducerIsClosed) {
  Subscriber store(bus, store_owner, TARSIER_FULL_BLOCK, 0, true);
  ASSERT_TRUE(publish(1, answer));
  pool.settle();
  producer.close();
  Bus::complete(store.deliveries()[0], TARSIER_OK, "");
  EXPECT_EQ(answer.times(), 0);
  bus.detach(producer);
  EXPECT_EQ(answer.times(), 1);
  EXPECT_EQ(answer.status, TARSIER_OK);
}

TEST_F(RequiredTest, AnswersEachOfManyExactlyOnceWhileTheStoreGoes) {
  std::vector<Answer> answers(500);
  Subscriber store(bus, store_owner, TARSIER_FULL_BLOCK, 64 << 20, true);
  std::thread publisher([&] {
    for (auto& each : answers) ASSERT_TRUE(publish(1, each));
  });
  store.wait_for(5);
  store_owner.close();
  bus.detach(store_owner);
  publisher.join();
  ASSERT_TRUE(store_owner.drain(std::chrono::minutes(1)));
  bus.forget(store_owner);
  for (auto& each : answers) EXPECT_EQ(each.times(), 1);
}

}  // namespace
}  // namespace tarsier::bus
