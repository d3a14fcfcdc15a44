#include "core/scheduler/scheduler.hpp"

#include "tests/unit/core/scheduler/fixtures.hpp"

namespace tarsier::scheduler {
namespace {

TEST(Scheduler, CpuTimeOfAnInstanceIncludesCallsThatHaveNotReturned) {
  SystemClock clock;
  Scheduler scheduler(clock, {});
  host::Owner owner("spins", "x", false);
  std::atomic<bool> stop{false};
  ASSERT_TRUE(scheduler.pool().submit(owner, job_of([&] { spin_until(stop); })));
  EXPECT_TRUE(eventually([&] { return scheduler.cpu_ns(owner) > kSpun; }));
  stop = true;
  scheduler.settle();
  EXPECT_GE(scheduler.cpu_ns(owner), owner.accounting().cpu_ns.load());
  scheduler.detach(owner);
}

TEST(Scheduler, CpuTimeOfAnInstanceNeverGoesBack) {
  SystemClock clock;
  Scheduler scheduler(clock, {});
  host::Owner owner("busy", "x", true);
  std::atomic<bool> stop{false}, went_back{false};
  std::thread reader([&] {
    for (int64_t last_ns = 0; !stop;) {
      const int64_t now_ns = scheduler.cpu_ns(owner);
      if (now_ns < last_ns) went_back = true;
      last_ns = now_ns;
    }
  });
  for (int i = 0; i < 2'000; ++i) {
    ASSERT_TRUE(scheduler.pool().submit_unbounded(owner, job_of([] {
                                                    std::atomic<int> turns{0};
                                                    while (turns++ < 1'000) {
                                                    }
                                                  })));
  }
  scheduler.settle();
  stop = true;
  reader.join();
  EXPECT_FALSE(went_back);
  scheduler.detach(owner);
}

}  // namespace
}  // namespace tarsier::scheduler
