#include "core/host/host_context.hpp"
#include "core/scheduler/scheduler.hpp"
#include "tarsier/bus.hpp"
#include "tests/unit/core/bus/fixtures.hpp"

namespace tarsier::bus {
namespace {

/// A plugin's view of the bus, through the C table and the SDK over it.
class BusServiceTest : public BusTest {
 protected:
  BusServiceTest() {
    rooms.bus = &bus;
    host.bus = bus_service();
    host.clock = scheduler::clock_service();
    rooms.clock = &clock;
  }
  scheduler::VirtualClock clock;
  host::Rooms rooms;
  host::HostContext context{&producer, &rooms};
  tarsier_host raw{sizeof(tarsier_host), TARSIER_ABI_MAJOR, TARSIER_ABI_MINOR, &context, nullptr};
  Host host{&raw};
};

TEST_F(BusServiceTest, CarriesABatchFromABuilderToAStoreAndTheAnswerBack) {
  std::vector<double> stored;
  auto subscription = subscribe_required(host, TARSIER_TOPIC_SAMPLES, 0, [&](const Batch& batch, Delivery delivery) {
    stored.push_back(batch.view().column<double>(TARSIER_COL_SAMPLE_VALUES).front());
    delivery.complete();
  });
  ASSERT_TRUE(subscription);
  batch::SamplesBuilder builder;
  const batch::Label labels[] = {{"__name__", "up"}};
  builder.series(labels);
  builder.sample(host.now_ns(), 42);
  auto batch = make_batch(host, builder);
  ASSERT_TRUE(batch);
  int answers = 0;
  ASSERT_TRUE(tarsier::publish(host, TARSIER_TOPIC_SAMPLES, *batch, TARSIER_PUBLISH_REQUIRE_STORE,
                               [&](const Result<void>& outcome) { answers += outcome.ok() ? 1 : 0; }));
  pool.settle();
  EXPECT_THAT(stored, testing::ElementsAre(42));
  EXPECT_EQ(answers, 1);
}

TEST_F(BusServiceTest, TellsAStoreThatNobodyWaits) {
  std::vector<bool> told;
  auto subscription = subscribe_required(host, TARSIER_TOPIC_SAMPLES, 0, [&](const Batch&, Delivery delivery) {
    told.push_back(delivery.unhurried());
    delivery.complete();
  });
  ASSERT_TRUE(subscription);
  batch::SamplesBuilder builder;
  const auto batch = make_batch(host, builder);
  ASSERT_TRUE(batch);
  ASSERT_TRUE(tarsier::publish(host, TARSIER_TOPIC_SAMPLES, *batch, TARSIER_PUBLISH_REQUIRE_STORE));
  ASSERT_TRUE(tarsier::publish(host, TARSIER_TOPIC_SAMPLES, *batch, TARSIER_PUBLISH_UNHURRIED));
  pool.settle();
  EXPECT_THAT(told, testing::ElementsAre(false, true));
}

TEST_F(BusServiceTest, TellsWhyItRefuses) {
  batch::SamplesBuilder empty;
  const auto batch = make_batch(host, empty);
  ASSERT_TRUE(batch);
  const auto outcome = tarsier::publish(host, TARSIER_TOPIC_LOGS, *batch);
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code(), TARSIER_INVALID);
}

}  // namespace
}  // namespace tarsier::bus
