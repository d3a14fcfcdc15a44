#include <atomic>

#include "core/host/host_context.hpp"
#include "tarsier/scheduler.hpp"
#include "tarsier/stop_notice.hpp"
#include "tests/unit/core/scheduler/fixtures.hpp"

namespace tarsier::scheduler {
namespace {

/// A plugin's view of a scheduler on a virtual clock, through the C tables and the SDK over them.
class ServiceTest : public testing::Test {
 protected:
  ServiceTest() {
    host.scheduler = scheduler_service();
    host.clock = clock_service();
  }
  VirtualClock virtual_clock;
  Scheduler room{virtual_clock, {}};
  host::Owner owner{"node", "node", false};
  host::Rooms rooms = [this] {
    host::Rooms result;
    result.clock = &virtual_clock;
    result.scheduler = &room;
    return result;
  }();
  host::HostContext context{&owner, &rooms};
  tarsier_host raw{sizeof(tarsier_host), TARSIER_ABI_MAJOR, TARSIER_ABI_MINOR, &context, nullptr};
  Host host{&raw};
};

TEST_F(ServiceTest, ReadsTheClock) {
  EXPECT_EQ(host.now_ns(), virtual_clock.wall_ns());
  EXPECT_EQ(host.mono_ns(), virtual_clock.mono_ns());
}

TEST_F(ServiceTest, RunsTimersJobsAndLoopsOfAPlugin) {
  std::atomic<int> ticks{0}, posted{0}, looped{0}, once{0};
  Every options;
  options.name = "collect";
  options.interval_ns = kSecond;
  auto timer = every(host, options, [&] { ++ticks; });
  ASSERT_TRUE(timer);
  auto later = after(host, "later", kSecond, [&] { ++once; });
  ASSERT_TRUE(later);
  ASSERT_TRUE(post(host, Post{"now"}, [&] {
    ++posted;
    parallel_for(host, 10, [&](uint64_t) { ++looped; });
  }));
  virtual_clock.advance(3 * kSecond);
  EXPECT_EQ(ticks.load(), 3);
  EXPECT_EQ(once.load(), 1);
  EXPECT_EQ(posted.load(), 1);
  EXPECT_EQ(looped.load(), 10);
}

TEST_F(ServiceTest, TellsWhyItRefuses) {
  Every options;
  options.name = "collect";
  options.interval_ns = -1;
  const auto refused = every(host, options, [] {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), TARSIER_INVALID);
  EXPECT_NE(refused.error().message().find("collect"), std::string::npos);
}

TEST_F(ServiceTest, FreesPostedClosuresOfAStoppedInstance) {
  const auto alive = std::make_shared<int>(0);
  Signal held, release;
  ASSERT_TRUE(post(host, Post{"hold"}, [&] {
    held.raise();
    release.wait();
  }));
  held.wait();
  ASSERT_TRUE(post(host, Post{"never"}, [alive] {}));
  EXPECT_EQ(alive.use_count(), 2);
  owner.close();
  room.detach(owner);
  EXPECT_EQ(alive.use_count(), 1);
  release.raise();
  EXPECT_TRUE(owner.drain(std::chrono::minutes(1)));
}

TEST_F(ServiceTest, TellsOfTheStopWhileCallsStillRun) {
  Signal begun, told;
  const auto notice = StopNotice::ask(host, "stop", [&] { told.raise(); });
  ASSERT_TRUE(notice);
  ASSERT_TRUE(post(host, Post{"long"}, [&] {
    begun.raise();
    told.wait();
  }));
  begun.wait();
  EXPECT_EQ(told.count(), 0U);
  owner.close();
  room.detach(owner);
  EXPECT_TRUE(owner.drain(std::chrono::minutes(1)));
  EXPECT_FALSE(StopNotice::ask(host, "stop", [] {}));
}

}  // namespace
}  // namespace tarsier::scheduler
