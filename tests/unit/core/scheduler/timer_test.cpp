#include "core/scheduler/timer.hpp"

#include <atomic>
#include <gmock/gmock.h>
#include <vector>

#include "tests/unit/core/scheduler/fixtures.hpp"

namespace tarsier::scheduler {
namespace {

using testing::ElementsAre;

/// A scheduler whose time stands still until the test moves it.
class TimerTest : public testing::Test {
 protected:
  TimerTest() : scheduler(clock, options()) {}

  PoolOptions options() {
    PoolOptions result;
    result.workers = 2;
    result.report = [this](const Report& report) {
      const std::lock_guard lock(said_mutex);
      said.push_back(describe(report));
    };
    return result;
  }
  /// Seconds since the test began.
  int64_t now_s() const { return (clock.wall_ns() - begin_ns) / kSecond; }

  static constexpr int64_t begin_ns = 1'700'000'000 * kSecond;  // a multiple of 10 s
  VirtualClock clock{begin_ns};
  std::mutex said_mutex;
  std::vector<std::string> said;
  host::Owner owner{"node", "node", false};
  Scheduler scheduler;
};

TEST_F(TimerTest, FiresAtMultiplesOfTheInterval) {
  clock.advance(3 * kSecond);
  std::vector<int64_t> fired;
  std::function<void()> note = [&] { fired.push_back(now_s()); };
  auto timer = scheduler.every(owner, c_timer("collect", 10 * kSecond, note, TARSIER_TIMER_ALIGNED));
  ASSERT_TRUE(timer);
  clock.advance(30 * kSecond);
  EXPECT_THAT(fired, ElementsAre(10, 20, 30));
  Scheduler::cancel(*timer);
  clock.advance(30 * kSecond);
  EXPECT_EQ(fired.size(), 3U);
}

TEST_F(TimerTest, FiresFirstAfterOneIntervalWhenNotAligned) {
  clock.advance(3 * kSecond);
  std::vector<int64_t> fired;
  std::function<void()> note = [&] { fired.push_back(now_s()); };
  ASSERT_TRUE(scheduler.every(owner, c_timer("collect", 10 * kSecond, note)));
  clock.advance(25 * kSecond);
  EXPECT_THAT(fired, ElementsAre(13, 23));
}

TEST_F(TimerTest, SpreadIsStableAndWithinTheInterval) {
  const int64_t offset = spread_offset_ns("scrape", "node/127.0.0.1:9100", 15 * kSecond);
  EXPECT_EQ(offset, spread_offset_ns("scrape", "node/127.0.0.1:9100", 15 * kSecond));
  EXPECT_NE(offset, spread_offset_ns("scrape", "node/127.0.0.1:9101", 15 * kSecond));
  EXPECT_GE(offset, 0);
  EXPECT_LT(offset, 15 * kSecond);
  int64_t fired_ns = 0;
  std::function<void()> note = [&] { fired_ns = clock.wall_ns(); };
  ASSERT_TRUE(scheduler.every(owner, c_timer("job", 15 * kSecond, note, TARSIER_TIMER_ALIGNED | TARSIER_TIMER_SPREAD)));
  clock.advance(15 * kSecond);
  EXPECT_EQ((fired_ns - spread_offset_ns("node", "job", 15 * kSecond)) % (15 * kSecond), 0);
}

TEST_F(TimerTest, RefusesAnIntervalOfZero) {
  std::function<void()> nothing = [] {};
  EXPECT_EQ(scheduler.every(owner, c_timer("collect", 0, nothing)).error().code(), TARSIER_INVALID);
}

TEST_F(TimerTest, FiresTimersOfDifferentInstancesInTheOrderOfTime) {
  host::Owner second("second", "x", false);
  std::vector<int> fired;
  std::function<void()> one = [&] { fired.push_back(1); };
  std::function<void()> two = [&] { fired.push_back(2); };
  ASSERT_TRUE(scheduler.every(owner, c_timer("a", 3 * kSecond, one)));
  ASSERT_TRUE(scheduler.every(second, c_timer("b", 2 * kSecond, two)));
  clock.advance(5 * kSecond);
  EXPECT_THAT(fired, ElementsAre(2, 1, 2));
}

TEST_F(TimerTest, DoublesTheIntervalOfAnOverrunningJobAndTakesItBackAfterThreeGoodRuns) {
  int64_t takes_ns = 15 * kSecond;
  std::vector<uint32_t> factors;
  std::function<void()> slow = [&] {
    clock.pass(takes_ns);
    factors.push_back(owner.accounting().interval_factor.load());
  };
  ASSERT_TRUE(scheduler.every(owner, c_timer("collect", 10 * kSecond, slow)));
  clock.advance(10 * kSecond);
  EXPECT_EQ(owner.accounting().interval_factor.load(), 2U);
  takes_ns = 200 * kSecond;
  for (int i = 0; i < 5; ++i) clock.advance(100 * kSecond);
  EXPECT_EQ(owner.accounting().interval_factor.load(), 8U);
  takes_ns = 0;
  clock.advance(400 * kSecond);
  EXPECT_EQ(owner.accounting().interval_factor.load(), 1U);
  ASSERT_FALSE(said.empty());
  EXPECT_EQ(said.front(), "node: job \"collect\" overran its interval of 10 s; it now runs every 20 s");
  EXPECT_EQ(said.back(), "node: job \"collect\" keeps within its interval of 10 s again");
}

TEST_F(TimerTest, RunsOnceAfterADelayAndKeepsTheHandle) {
  int runs = 0;
  std::function<void()> count = [&] { ++runs; };
  auto timer = scheduler.after(owner, 5 * kSecond, c_job("later", count), true);
  ASSERT_TRUE(timer);
  clock.advance(4 * kSecond);
  EXPECT_EQ(runs, 0);
  clock.advance(100 * kSecond);
  EXPECT_EQ(runs, 1);
  Scheduler::cancel(*timer);
}

TEST_F(TimerTest, MayCancelItselfFromWithinItsJob) {
  int runs = 0;
  tarsier_timer* handle = nullptr;
  std::function<void()> once = [&] {
    ++runs;
    Scheduler::cancel(handle);
  };
  auto timer = scheduler.every(owner, c_timer("once", kSecond, once));
  ASSERT_TRUE(timer);
  handle = *timer;
  clock.advance(10 * kSecond);
  EXPECT_EQ(runs, 1);
}

TEST_F(TimerTest, CancelWaitsForTheRunningJob) {
  Signal entered, release;
  std::atomic<bool> running{false};
  std::function<void()> block = [&] {
    running = true;
    entered.raise();
    release.wait();
    running = false;
  };
  auto timer = scheduler.after(owner, 0, c_job("block", block), true);
  ASSERT_TRUE(timer);
  std::thread advance([&] { clock.advance(0); });
  entered.wait();
  std::thread releaser([&] { release.raise(); });
  Scheduler::cancel(*timer);
  EXPECT_FALSE(running);
  releaser.join();
  advance.join();
}

struct Dropped {
  int runs = 0;
  int drops = 0;
  tarsier_job job() {
    return {sizeof(tarsier_job),
            TARSIER_PRIORITY_NORMAL,
            0,
            str("once"),
            this,
            [](void* user) { ++static_cast<Dropped*>(user)->runs; },
            [](void* user) { ++static_cast<Dropped*>(user)->drops; }};
  }
};

TEST_F(TimerTest, DropsWhatIsDueOnceWithoutAHandleWhenTheInstanceStops) {
  Dropped early, late;
  ASSERT_TRUE(scheduler.after(owner, kSecond, early.job(), false));
  ASSERT_TRUE(scheduler.after(owner, 60 * kSecond, late.job(), false));
  clock.advance(kSecond);
  owner.close();
  scheduler.detach(owner);
  clock.advance(100 * kSecond);
  EXPECT_EQ(early.runs, 1);
  EXPECT_EQ(early.drops, 0);
  EXPECT_EQ(late.runs, 0);
  EXPECT_EQ(late.drops, 1);
}

TEST_F(TimerTest, HandlesOutliveDetachUntilForgotten) {
  int runs = 0;
  std::function<void()> count = [&] { ++runs; };
  auto kept = scheduler.every(owner, c_timer("a", kSecond, count));
  auto lost = scheduler.every(owner, c_timer("b", kSecond, count));
  ASSERT_TRUE(kept);
  ASSERT_TRUE(lost);
  owner.close();
  scheduler.detach(owner);
  clock.advance(10 * kSecond);
  EXPECT_EQ(runs, 0);
  Scheduler::cancel(*kept);
  scheduler.forget(owner);
  EXPECT_EQ(scheduler.every(owner, c_timer("c", kSecond, count)).error().code(), TARSIER_UNAVAILABLE);
}

TEST_F(TimerTest, SkipsAndCountsTicksThatItMissed) {
  Signal entered, release;
  std::atomic<int> runs{0};
  std::function<void()> first_blocks = [&] {
    if (++runs > 1) return;
    entered.raise();
    release.wait();
  };
  auto timer = scheduler.every(owner, c_timer("collect", kSecond, first_blocks));
  ASSERT_TRUE(timer);
  std::thread advance([&] { clock.advance(kSecond); });
  entered.wait();
  clock.pass(5 * kSecond);
  release.raise();
  advance.join();
  clock.advance(2 * kSecond);
  EXPECT_LE(runs.load(), 3);  // not one for each second that has passed
  Scheduler::cancel(*timer);
}

TEST(Rhythm, CountsTheTicksBetween) {
  const Rhythm rhythm{10, 0, true};
  EXPECT_EQ(rhythm.first(3).wall_ns, 10);
  EXPECT_EQ(rhythm.next(10, 10, 1).wall_ns, 20);
  const auto late = rhythm.next(35, 10, 1);
  EXPECT_EQ(late.wall_ns, 40);
  EXPECT_EQ(late.missed, 2U);
}

TEST(Rhythm, DoesNotRepeatATickThatCameEarly) { EXPECT_EQ((Rhythm{10, 0, true}.next(9, 10, 1).wall_ns), 20); }

TEST(Rhythm, BeginsAnewWhenTheWallClockIsSetBack) {
  const auto tick = Rhythm{10, 0, true}.next(103, 1000, 1);
  EXPECT_EQ(tick.wall_ns, 110);
  EXPECT_EQ(tick.missed, 0U);
}

TEST(SystemTimers, FireOnTheRealClock) {
  SystemClock clock;
  host::Owner owner("node", "node", false);
  Scheduler scheduler(clock, {});
  Signal fired;
  std::function<void()> note = [&] { fired.raise(); };
  auto timer = scheduler.every(owner, c_timer("collect", 2'000'000, note, TARSIER_TIMER_ALIGNED));
  ASSERT_TRUE(timer);
  fired.wait(3);
  Scheduler::cancel(*timer);
}

}  // namespace
}  // namespace tarsier::scheduler
