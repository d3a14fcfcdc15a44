#include "core/host/service_registry.hpp"

#include <atomic>
#include <thread>
#include <vector>

#include "gmock/gmock.h"

namespace tarsier::host {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr auto kLong = std::chrono::seconds(10);

struct Table {
  explicit Table(int n) : number(n) {}
  int number;
  std::atomic<bool> alive{true};
};

std::vector<OfferedService> offers(const char* name, const void* table, uint32_t flags = 0) { return {{name, table, flags}}; }

TEST(ServiceRegistry, AReferenceOutlivesItsProvider) {
  ServiceRegistry registry;
  Owner consumer("rules", "rules", false);
  tarsier_service_ref* ref = registry.reference(consumer, "tarsier.promql/1");
  tarsier_error error = empty_error();
  EXPECT_EQ(ServiceRegistry::acquire(*ref, &error), nullptr);
  EXPECT_EQ(error.code, TARSIER_UNAVAILABLE);
  EXPECT_GT(error.retry_after_ns, 0);
  EXPECT_THAT(std::string(error.message, error.message_size), HasSubstr("tarsier.promql/1 has no running provider"));

  Table first{1}, second{2};
  EXPECT_TRUE(registry.offer("promql", 1, offers("tarsier.promql/1", &first)).empty());
  EXPECT_EQ(ServiceRegistry::acquire(*ref, nullptr), &first);
  ServiceRegistry::release(*ref);
  EXPECT_THAT(registry.offer("promql", 1, offers("tarsier.promql/1", &second)), ElementsAre(ref));
  EXPECT_EQ(ServiceRegistry::acquire(*ref, nullptr), &second);
  ServiceRegistry::release(*ref);
  EXPECT_THAT(registry.withdraw("promql"), ElementsAre(ref));
  EXPECT_EQ(ServiceRegistry::acquire(*ref, nullptr), nullptr);
}

TEST(ServiceRegistry, TheFirstProviderInStartOrderCountsUnlessOneIsNamed) {
  ServiceRegistry registry;
  Owner consumer("alerts", "alerts", false);
  Table mail{1}, chat{2};
  (void)registry.offer("chat", 5, offers("tarsier.notifier/1", &chat));
  (void)registry.offer("mail", 2, offers("tarsier.notifier/1", &mail));
  EXPECT_THAT(registry.providers("tarsier.notifier/1"), ElementsAre("mail", "chat"));
  tarsier_service_ref* any = registry.reference(consumer, "tarsier.notifier/1");
  tarsier_service_ref* named = registry.reference(consumer, "tarsier.notifier/1@chat");
  EXPECT_EQ(registry.reference(consumer, "tarsier.notifier/1@chat"), named);
  EXPECT_EQ(ServiceRegistry::acquire(*any, nullptr), &mail);
  EXPECT_EQ(ServiceRegistry::acquire(*named, nullptr), &chat);
  ServiceRegistry::release(*any);
  ServiceRegistry::release(*named);
  EXPECT_THAT(registry.consumers_of("chat"), ElementsAre("alerts"));
  (void)registry.withdraw("mail");
  EXPECT_EQ(ServiceRegistry::acquire(*any, nullptr), &chat);
  EXPECT_EQ(registry.uses_of("chat"), 1U);
  ServiceRegistry::release(*any);
}

TEST(ServiceRegistry, WaitsForUsesOfTheOldTable) {
  ServiceRegistry registry;
  Owner consumer("c", "c", false);
  Table first{1}, second{2};
  (void)registry.offer("p", 1, offers("s/1", &first));
  tarsier_service_ref* ref = registry.reference(consumer, "s/1");
  ASSERT_EQ(ServiceRegistry::acquire(*ref, nullptr), &first);
  const auto moved = registry.offer("p", 1, offers("s/1", &second));
  EXPECT_FALSE(registry.wait_unused(moved, std::chrono::milliseconds(4)));
  ServiceRegistry::release(*ref);
  EXPECT_TRUE(registry.wait_unused(moved, kLong));
}

// Providers are replaced again and again while threads use them without a pause: nobody may see one after it was given up.
TEST(ServiceRegistry, NobodyUsesATableAfterTheWait) {
  ServiceRegistry registry;
  Owner consumer("c", "c", false);
  auto current = std::make_unique<Table>(0);
  (void)registry.offer("p", 1, offers("s/1", current.get()));
  tarsier_service_ref* ref = registry.reference(consumer, "s/1");
  std::atomic<bool> stop{false};
  std::atomic<uint64_t> used{0}, dead{0};
  std::vector<std::thread> users;
  for (int i = 0; i < 3; ++i) {
    users.emplace_back([&] {
      while (!stop.load()) {
        const auto* table = static_cast<const Table*>(ServiceRegistry::acquire(*ref, nullptr));
        if (table == nullptr) continue;
        if (!table->alive.load()) dead.fetch_add(1);
        used.fetch_add(1);
        ServiceRegistry::release(*ref);
      }
    });
  }
  // As many rounds as it takes until the users have been at it for a while, on a busy machine too.
  for (int round = 1; round < 200 || used.load() < 100; ++round) {
    auto next = std::make_unique<Table>(round);
    const auto moved = registry.offer("p", 1, offers("s/1", next.get()));
    ASSERT_TRUE(registry.wait_unused(moved, kLong));
    current->alive.store(false);
    current = std::move(next);
  }
  stop.store(true);
  for (std::thread& user : users) user.join();
  EXPECT_EQ(dead.load(), 0U);
  EXPECT_GT(used.load(), 0U);
}

TEST(ServiceRegistry, WaitsForAProviderInTransit) {
  ServiceRegistry registry;
  Owner consumer("promql", "promql", true);
  Table first{1}, second{2};
  (void)registry.offer("samples", 1, offers("store/1", &first));
  tarsier_service_ref* ref = registry.reference(consumer, "store/1");
  EXPECT_FALSE(registry.in_transit("samples"));
  EXPECT_FALSE(registry.in_transit(""));
  registry.begin_transit("samples", offers("store/1", &first));
  (void)registry.withdraw("samples");
  EXPECT_TRUE(registry.in_transit("samples"));
  EXPECT_TRUE(registry.in_transit("promql")) << "it refers to the store";
  EXPECT_FALSE(registry.in_transit("node"));
  EXPECT_TRUE(registry.in_transit(""));
  EXPECT_EQ(ServiceRegistry::acquire(*ref, nullptr), nullptr) << "acquire itself does not wait";
  std::vector<std::thread> waiting;
  for (int i = 0; i < 8; ++i) {
    waiting.emplace_back([&] {
      EXPECT_EQ(ServiceRegistry::acquire_wait(*ref, nullptr), &second);
      ServiceRegistry::release(*ref);
    });
  }
  (void)registry.offer("samples", 1, offers("store/1", &second));
  EXPECT_FALSE(registry.in_transit("promql"));
  for (std::thread& thread : waiting) thread.join();
}

TEST(ServiceRegistry, DoesNotWaitForAProviderThatIsNotExpectedBack) {
  ServiceRegistry registry;
  Owner consumer("rules", "rules", false), stopping("ui", "ui", false);
  Table table{1};
  tarsier_service_ref* ref = registry.reference(consumer, "store/1");
  tarsier_service_ref* other = registry.reference(consumer, "store/1@archive");
  tarsier_service_ref* of_stopping = registry.reference(stopping, "store/1");
  tarsier_error error = empty_error();
  EXPECT_EQ(ServiceRegistry::acquire_wait(*ref, &error), nullptr);
  EXPECT_EQ(error.code, TARSIER_UNAVAILABLE);
  registry.begin_transit("samples", offers("store/1", &table));
  EXPECT_EQ(ServiceRegistry::acquire_wait(*other, nullptr), nullptr) << "another instance is named";
  stopping.close();
  EXPECT_EQ(ServiceRegistry::acquire_wait(*of_stopping, nullptr), nullptr) << "who waits for it would wait for this";
  std::thread waiting([&] { EXPECT_EQ(ServiceRegistry::acquire_wait(*ref, nullptr), nullptr); });
  registry.end_transit();  // it did not come back
  waiting.join();
}

TEST(ServiceRegistry, LetsOnlySoManyWait) {
  ServiceRegistry registry;
  Owner consumer("promql", "promql", true);
  Table table{1};
  tarsier_service_ref* ref = registry.reference(consumer, "store/1");
  registry.begin_transit("samples", offers("store/1", &table));
  constexpr unsigned kMore = 3;
  std::atomic<unsigned> came_back{0};
  std::vector<std::thread> callers;
  for (unsigned i = 0; i < ServiceRegistry::kMaxWaiting + kMore; ++i) {
    callers.emplace_back([&] {
      if (ServiceRegistry::acquire_wait(*ref, nullptr) != nullptr) return ServiceRegistry::release(*ref);
      came_back.fetch_add(1);
      came_back.notify_all();
    });
  }
  for (unsigned seen = 0; seen < kMore; seen = came_back.load()) came_back.wait(seen);
  (void)registry.offer("samples", 1, offers("store/1", &table));
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(came_back.load(), kMore);
}

struct Held {
  ServiceRegistry* registry;
  tarsier_hold* hold = nullptr;
  std::atomic<int> revoked{0};
};

TEST(ServiceRegistry, RevokesWhatIsHeldForAStoppingOwnerOnce) {
  ServiceRegistry registry;
  Owner provider("net", "net", false), consumer("ui", "ui", false);
  const auto revoke = [](void* user) { static_cast<Held*>(user)->revoked.fetch_add(1); };
  Held route{&registry}, other{&registry};
  route.hold = registry.hold(provider, consumer, revoke, &route, nullptr);
  other.hold = registry.hold(provider, consumer, revoke, &other, nullptr);
  ASSERT_NE(route.hold, nullptr);
  ServiceRegistry::unhold(other.hold);
  consumer.close();
  registry.revoke_all(consumer);
  registry.revoke_all(consumer);
  EXPECT_EQ(route.revoked.load(), 1);
  EXPECT_EQ(other.revoked.load(), 0);
  tarsier_error error = empty_error();
  EXPECT_EQ(registry.hold(provider, consumer, revoke, &route, &error), nullptr);
  EXPECT_THAT(std::string(error.message, error.message_size), HasSubstr("instance ui is stopping"));
  ServiceRegistry::unhold(route.hold);  // late, and harmless
  registry.forget(provider);
}

TEST(ServiceRegistry, UnholdWaitsForARevokeThatRuns) {
  ServiceRegistry registry;
  Owner provider("net", "net", false), consumer("ui", "ui", false);
  struct Slow {
    std::atomic<bool> begun{false}, go_on{false}, ended{false};
  } slow;
  tarsier_hold* hold = registry.hold(
      provider, consumer,
      [](void* user) {
        auto& state = *static_cast<Slow*>(user);
        state.begun.store(true);
        state.begun.notify_all();
        state.go_on.wait(false);
        state.ended.store(true);
      },
      &slow, nullptr);
  consumer.close();
  std::thread revoking([&] { registry.revoke_all(consumer); });
  slow.begun.wait(false);
  std::thread letting_go([&] {
    ServiceRegistry::unhold(hold);
    EXPECT_TRUE(slow.ended.load());
  });
  slow.go_on.store(true);
  slow.go_on.notify_all();
  letting_go.join();
  revoking.join();
}

TEST(ServiceRegistry, ForgetsAConsumer) {
  ServiceRegistry registry;
  Table table{1};
  (void)registry.offer("p", 1, offers("s/1", &table));
  {
    Owner consumer("c", "c", false);
    (void)registry.reference(consumer, "s/1");
    registry.forget(consumer);
  }
  EXPECT_TRUE(registry.consumers_of("p").empty());
  EXPECT_TRUE(registry.withdraw("p").empty());
}

}  // namespace
}  // namespace tarsier::host
