#include "core/bus/bus.hpp"

#include <atomic>
#include <stdexcept>
#include <thread>

#include "tests/unit/core/bus/fixtures.hpp"

namespace tarsier::bus {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST_F(BusTest, GivesBatchesToAllSubscribersInTheOrderOfPublication) {
  Subscriber one(bus, consumer, TARSIER_FULL_BLOCK, 0), two(bus, consumer, TARSIER_FULL_DROP_NEWEST, 0);
  for (int i = 0; i < 200; ++i) ASSERT_TRUE(publish(i));
  pool.settle();
  for (auto* subscriber : {&one, &two}) {
    const auto values = subscriber->values();
    ASSERT_EQ(values.size(), 200U);
    EXPECT_TRUE(std::is_sorted(values.begin(), values.end()));
  }
}

TEST_F(BusTest, GivesAllSubscribersTheSameOrderOfSeveralProducers) {
  Subscriber one(bus, consumer, TARSIER_FULL_BLOCK, 64 << 20);
  Subscriber two(bus, parallel, TARSIER_FULL_BLOCK, 64 << 20);
  std::vector<std::thread> producers;
  for (int p = 0; p < 3; ++p) {
    producers.emplace_back([&, p] {
      for (int i = 0; i < 300; ++i) ASSERT_TRUE(publish(p * 1000 + i));
    });
  }
  for (auto& thread : producers) thread.join();
  pool.settle();
  EXPECT_EQ(one.values().size(), 900U);
  EXPECT_EQ(one.values(), two.values());
}

TEST_F(BusTest, RefusesAMalformedBatchAndNamesTheProducer) {
  const BatchRef batch = BatchRef::adopt(*Bus::allocate(100));
  const auto refused = bus.publish(producer, TARSIER_TOPIC_SAMPLES, batch.get(), 0, nullptr, nullptr);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), TARSIER_INVALID);
  EXPECT_EQ(producer.accounting().malformed_batches.load(), 1U);
  EXPECT_THAT(reports, ElementsAre(HasSubstr("node samples: malformed batch: wrong magic number")));
}

TEST_F(BusTest, RefusesABatchOfAnotherKindThanTheTopics) {
  const BatchRef batch = sample_batch(1);
  EXPECT_EQ(bus.publish(producer, TARSIER_TOPIC_LOGS, batch.get(), 0, nullptr, nullptr).error().code(), TARSIER_INVALID);
  EXPECT_EQ(producer.accounting().malformed_batches.load(), 1U);
  EXPECT_TRUE(bus.publish(producer, "my-own-topic", batch.get(), 0, nullptr, nullptr));
}

TEST_F(BusTest, GivesNobodyABatchThatOneCannotTake) {
  Subscriber full(bus, consumer, TARSIER_FULL_BLOCK, 1000);
  Subscriber free(bus, other, TARSIER_FULL_DROP_NEWEST, 0);
  full.hold();
  ASSERT_TRUE(publish(1, 900));
  full.wait_for(1);
  const auto again = publish(2, 900);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code(), TARSIER_AGAIN);
  EXPECT_GT(again.error().retry_after_ns(), 0);
  EXPECT_THAT(again.error().message(), HasSubstr("rules"));
  full.release();
  pool.settle();
  ASSERT_TRUE(publish(3, 900));
  pool.settle();
  EXPECT_THAT(free.values(), ElementsAre(1, 3));
  EXPECT_THAT(full.values(), ElementsAre(1, 3));
}

TEST_F(BusTest, DropsTheOldestAndCounts) {
  Subscriber slow(bus, consumer, TARSIER_FULL_DROP_OLDEST, 4000);
  slow.hold();
  ASSERT_TRUE(publish(0, 900));
  slow.wait_for(1);
  for (int i = 1; i <= 5; ++i) ASSERT_TRUE(publish(i, 900));
  slow.release();
  pool.settle();
  const auto values = slow.values();
  EXPECT_EQ(values.back(), 5);
  EXPECT_EQ(values.size() + consumer.accounting().dropped_batches.load(), 6U);
  EXPECT_EQ(bus.snapshot().subscriptions.front().dropped_total, consumer.accounting().dropped_batches.load());
  EXPECT_GT(consumer.accounting().dropped_batches.load(), 0U);
  EXPECT_THAT(reports, ElementsAre(HasSubstr("rules samples: its queue of 4000 bytes is full")));
}

TEST_F(BusTest, DropsTheNewestAndCounts) {
  Subscriber slow(bus, consumer, TARSIER_FULL_DROP_NEWEST, 4000);
  slow.hold();
  ASSERT_TRUE(publish(0, 900));
  slow.wait_for(1);
  for (int i = 1; i <= 5; ++i) ASSERT_TRUE(publish(i, 900));
  slow.release();
  pool.settle();
  const auto values = slow.values();
  EXPECT_EQ(values[1], 1);
  EXPECT_NE(values.back(), 5);
  EXPECT_EQ(values.size() + consumer.accounting().dropped_batches.load(), 6U);
}

TEST_F(BusTest, SpillsWhatDoesNotFitAndReadsItBackInOrder) {
  Subscriber slow(bus, consumer, TARSIER_FULL_SPILL, 4000, false, 1 << 20);
  slow.hold();
  std::vector<double> expected;
  for (int i = 0; i < 50; ++i) {
    ASSERT_TRUE(publish(i, 900));
    expected.push_back(i);
  }
  EXPECT_GT(bus.snapshot().subscriptions.front().spilled_bytes, 0U);
  EXPECT_FALSE(std::filesystem::is_empty(directory / "spill"));
  slow.release();
  pool.settle();
  EXPECT_EQ(slow.values(), expected);
  EXPECT_EQ(consumer.accounting().dropped_batches.load(), 0U);
  EXPECT_TRUE(std::filesystem::is_empty(directory / "spill"));
}

TEST_F(BusTest, DropsTheNewestWhenTheSpillFileIsFull) {
  Subscriber slow(bus, consumer, TARSIER_FULL_SPILL, 2000, false, 5000);
  slow.hold();
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(publish(i, 900));
  slow.release();
  pool.settle();
  const auto values = slow.values();
  EXPECT_TRUE(std::is_sorted(values.begin(), values.end()));
  EXPECT_EQ(values.size() + consumer.accounting().dropped_batches.load(), 20U);
  EXPECT_GT(consumer.accounting().dropped_batches.load(), 0U);
}

TEST_F(BusTest, TakesABatchLargerThanTheQueueWhenItIsEmpty) {
  Subscriber small(bus, consumer, TARSIER_FULL_BLOCK, 10);
  ASSERT_TRUE(publish(1));
  pool.settle();
  EXPECT_THAT(small.values(), ElementsAre(1));
}

TEST_F(BusTest, IsSilentAfterUnsubscribe) {
  Subscriber subscriber(bus, consumer, TARSIER_FULL_BLOCK, 0);
  ASSERT_TRUE(publish(1));
  Bus::unsubscribe(subscriber.handle);
  const size_t seen = subscriber.values().size();
  ASSERT_TRUE(publish(2));
  pool.settle();
  EXPECT_EQ(subscriber.values().size(), seen);
  EXPECT_TRUE(bus.snapshot().subscriptions.empty());
}

TEST_F(BusTest, MayUnsubscribeFromWithinItsCall) {
  Subscriber subscriber(bus, consumer, TARSIER_FULL_BLOCK, 0);
  subscriber.also = [&] { Bus::unsubscribe(subscriber.handle); };
  ASSERT_TRUE(publish(1));
  ASSERT_TRUE(publish(2));
  pool.settle();
  EXPECT_THAT(subscriber.values(), ElementsAre(1));
}

TEST_F(BusTest, GoesOnAfterAnExceptionEscapes) {
  Subscriber subscriber(bus, consumer, TARSIER_FULL_BLOCK, 0);
  std::atomic<int> calls{0};
  subscriber.also = [&] {
    if (++calls == 1) throw std::runtime_error("bad");
  };
  ASSERT_TRUE(publish(1));
  ASSERT_TRUE(publish(2));
  pool.settle();
  EXPECT_THAT(subscriber.values(), ElementsAre(1, 2));
  EXPECT_EQ(consumer.accounting().failures.load(), 1U);
}

TEST_F(BusTest, CountsReferencesOfBatchesThatAreKept) {
  BatchRef batch = sample_batch(1);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(batch->data()) % 64, 0U);
  Subscriber subscriber(bus, consumer, TARSIER_FULL_BLOCK, 0);
  ASSERT_TRUE(bus.publish(producer, TARSIER_TOPIC_SAMPLES, batch.get(), 0, nullptr, nullptr));
  pool.settle();
  EXPECT_EQ(batch->references.load(), 1U);
}

TEST_F(BusTest, RefusesAnAllocationBeyondTheLimit) {
  EXPECT_EQ(Bus::allocate(kMaxBatchBytes + 1).error().code(), TARSIER_RESOURCE);
}

TEST_F(BusTest, RefusesSubscriptionsOfAStoppedInstance) {
  consumer.close();
  tarsier_subscribe_spec spec{};
  spec.size = sizeof(spec);
  spec.topic = str("samples");
  spec.on_batch = [](void*, const tarsier_batch*, tarsier_delivery*) {};
  EXPECT_EQ(bus.subscribe(consumer, spec).error().code(), TARSIER_UNAVAILABLE);
  spec.policy = 9;
  EXPECT_EQ(bus.subscribe(producer, spec).error().code(), TARSIER_INVALID);
}

TEST_F(BusTest, TellsItsNumbers) {
  Subscriber subscriber(bus, consumer, TARSIER_FULL_DROP_OLDEST, 5000);
  ASSERT_TRUE(publish(1));
  pool.settle();
  const BusStats stats = bus.snapshot();
  ASSERT_EQ(stats.topics.size(), 1U);
  EXPECT_EQ(stats.topics[0].published_total, 1U);
  ASSERT_EQ(stats.subscriptions.size(), 1U);
  EXPECT_EQ(stats.subscriptions[0].instance, "rules");
  EXPECT_EQ(stats.subscriptions[0].delivered_total, 1U);
  EXPECT_EQ(stats.subscriptions[0].queued_bytes, 0U);
  EXPECT_EQ(stats.subscriptions[0].max_bytes, 5000U);
}

}  // namespace
}  // namespace tarsier::bus
