#include "core/scheduler/worker_pool.hpp"

#include <atomic>
#include <gmock/gmock.h>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

#include "tests/unit/core/scheduler/fixtures.hpp"

namespace tarsier::scheduler {
namespace {

using testing::ElementsAre;

PoolOptions workers(unsigned count) {
  PoolOptions options;
  options.workers = count;
  return options;
}

TEST(WorkerPool, RunsJobsOfOneInstanceOneAtATimeInOrder) {
  host::Owner owner("node", "node", false);
  WorkerPool pool(workers(4));
  std::vector<int> order;  // without a lock: ThreadSanitizer tells when two jobs overlap
  for (int i = 0; i < 200; ++i) ASSERT_TRUE(pool.submit(owner, job_of([&order, i] { order.push_back(i); })));
  pool.settle();
  ASSERT_EQ(order.size(), 200U);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
  EXPECT_EQ(owner.accounting().calls.load(), 200U);
  EXPECT_EQ(owner.in_flight(), 0U);
}

TEST(WorkerPool, RunsJobsOfAParallelInstanceAtTheSameTime) {
  host::Owner owner("web", "web", true);
  WorkerPool pool(workers(2));
  Signal entered;
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(pool.submit(owner, job_of([&] {
                              entered.raise();
                              entered.wait(2);  // returns only when both are within
                            })));
  }
  pool.settle();
  EXPECT_EQ(entered.count(), 2U);
}

TEST(WorkerPool, TakesTheHighestPriorityFirst) {
  host::Owner owner("node", "node", false);
  WorkerPool pool(workers(1));
  Signal held, release;
  ASSERT_TRUE(pool.submit(owner, job_of([&] {
                            held.raise();
                            release.wait();
                          })));
  held.wait();
  std::vector<std::string> order;
  ASSERT_TRUE(pool.submit(owner, job_of([&] { order.emplace_back("low"); }, Priority::low)));
  ASSERT_TRUE(pool.submit(owner, job_of([&] { order.emplace_back("normal"); }, Priority::normal)));
  ASSERT_TRUE(pool.submit(owner, job_of([&] { order.emplace_back("high"); }, Priority::high)));
  release.raise();
  pool.settle();
  EXPECT_THAT(order, ElementsAre("high", "normal", "low"));
}

TEST(WorkerPool, LetsInstancesTakeTurns) {
  host::Owner greedy("greedy", "x", false), modest("modest", "x", false);
  auto options = workers(1);
  options.extra_workers = 0;
  WorkerPool pool(options);
  Signal held, release;
  ASSERT_TRUE(pool.submit(greedy, job_of([&] {
                            held.raise();
                            release.wait();
                          })));
  held.wait();
  std::atomic<int> greedy_done{0};
  int greedy_before_modest = -1;
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(pool.submit(greedy, job_of([&] { ++greedy_done; })));
  ASSERT_TRUE(pool.submit(modest, job_of([&] { greedy_before_modest = greedy_done; })));
  release.raise();
  pool.settle();
  EXPECT_LT(greedy_before_modest, 100);
}

TEST(WorkerPool, RefusesMoreThanTheLimitOfWaitingJobs) {
  host::Owner owner("node", "node", false);
  auto options = workers(1);
  options.queue_limit = 3;
  WorkerPool pool(options);
  Signal held, release;
  ASSERT_TRUE(pool.submit(owner, job_of([&] {
                            held.raise();
                            release.wait();
                          })));
  held.wait();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(pool.submit(owner, job_of([] {})));
  const auto refused = pool.submit(owner, job_of([] {}));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), TARSIER_AGAIN);
  EXPECT_GT(refused.error().retry_after_ns(), 0);
  EXPECT_TRUE(pool.submit_unbounded(owner, job_of([] {})));
  EXPECT_EQ(owner.accounting().queue_length.load(), 4U);
  release.raise();
  pool.settle();
  EXPECT_EQ(owner.accounting().queue_length.load(), 0U);
}

TEST(WorkerPool, DropsWhatWaitsWhenTheInstanceIsDetached) {
  host::Owner owner("node", "node", false);
  WorkerPool pool(workers(1));
  Signal held, release;
  ASSERT_TRUE(pool.submit(owner, job_of([&] {
                            held.raise();
                            release.wait();
                          })));
  held.wait();
  bool ran = false;
  Outcome outcome = Outcome::ran;
  Job job = job_of([&] { ran = true; });
  job.done = [&](Outcome what) { outcome = what; };
  ASSERT_TRUE(pool.submit(owner, std::move(job)));
  owner.close();
  pool.detach(owner);
  EXPECT_EQ(outcome, Outcome::skipped);
  EXPECT_FALSE(ran);
  EXPECT_EQ(pool.submit(owner, job_of([] {})).error().code(), TARSIER_UNAVAILABLE);
  EXPECT_FALSE(owner.drain(std::chrono::nanoseconds(0)));
  release.raise();
  EXPECT_TRUE(owner.drain(std::chrono::minutes(1)));
}

TEST(WorkerPool, CountsAnEscapingExceptionAndNamesTheJob) {
  host::Owner owner("node", "node", false);
  std::string said;
  auto options = workers(1);
  options.report = [&](const Report& report) { said = describe(report); };
  WorkerPool pool(options);
  Outcome outcome = Outcome::ran;
  Job job = job_of([] { throw std::runtime_error("no such device"); });
  job.done = [&](Outcome what) { outcome = what; };
  ASSERT_TRUE(pool.submit(owner, std::move(job)));
  pool.settle();
  EXPECT_EQ(outcome, Outcome::failed);
  EXPECT_EQ(owner.accounting().failures.load(), 1U);
  EXPECT_EQ(said, "node: job \"test\" let an exception escape: no such device");
}

TEST(WorkerPool, ReportsAJobPastItsDeadlineOnce) {
  host::Owner owner("node", "node", false);
  Signal reported;
  auto options = workers(1);
  options.report = [&](const Report& report) {
    EXPECT_EQ(report.kind, Report::Kind::overrun);
    EXPECT_EQ(report.instance, "node");
    EXPECT_EQ(report.job, "slow");
    reported.raise();
  };
  WorkerPool pool(options);
  Job job = job_of([&] { reported.wait(); });
  job.name = "slow";
  job.deadline = std::chrono::milliseconds(1);
  ASSERT_TRUE(pool.submit(owner, std::move(job)));
  pool.settle();
  EXPECT_EQ(reported.count(), 1U);
  EXPECT_EQ(owner.accounting().overruns.load(), 1U);
}

TEST(WorkerPool, GoesOnWhenPluginsBlockAllWorkers) {
  host::Owner blocking("blocking", "x", true), other("other", "x", false);
  WorkerPool pool(workers(2));
  Signal entered, release, reached;
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(pool.submit(blocking, job_of([&] {
                              entered.raise();
                              release.wait();
                            })));
  }
  entered.wait(2);
  ASSERT_TRUE(pool.submit(other, job_of([&] { reached.raise(); })));
  reached.wait();
  EXPECT_GE(pool.stats().extra_started, 1U);
  release.raise();
  pool.settle();
}

TEST(WorkerPool, CountsEachIndexOfAParallelForOnce) {
  host::Owner owner("store", "store", false);
  WorkerPool pool(workers(4));
  std::vector<std::atomic<int>> hits(1000);
  ASSERT_TRUE(pool.submit(owner, job_of([&] { pool.parallel_for(owner, hits.size(), [&](uint64_t i) { ++hits[i]; }); })));
  pool.settle();
  for (const auto& hit : hits) EXPECT_EQ(hit.load(), 1);
}

TEST(WorkerPool, SharesAParallelForWithIdleWorkers) {
  host::Owner owner("store", "store", false);
  WorkerPool pool(workers(2));
  Signal entered;
  std::mutex threads_mutex;
  std::set<std::thread::id> threads;
  ASSERT_TRUE(pool.submit(owner, job_of([&] {
                            pool.parallel_for(owner, 2, [&](uint64_t) {
                              {
                                const std::lock_guard lock(threads_mutex);
                                threads.insert(std::this_thread::get_id());
                              }
                              entered.raise();
                              entered.wait(2);
                            });
                          })));
  pool.settle();
  EXPECT_EQ(threads.size(), 2U);
}

TEST(WorkerPool, AnswersAllJobsWhenItShutsDown) {
  host::Owner owner("node", "node", false);
  std::atomic<int> answered{0};
  {
    WorkerPool pool(workers(1));
    for (int i = 0; i < 50; ++i) {
      Job job = job_of([] {});
      job.done = [&](Outcome) { ++answered; };
      ASSERT_TRUE(pool.submit(owner, std::move(job)));
    }
  }
  EXPECT_EQ(answered.load(), 50);
}

TEST(WorkerPool, ShowsTheCpuTimeOfAJobThatHasNotReturned) {
  host::Owner owner("spins", "x", false), other("other", "x", false);
  WorkerPool pool(workers(2));
  std::atomic<bool> stop{false};
  ASSERT_TRUE(pool.submit(owner, job_of([&] { spin_until(stop); })));
  EXPECT_TRUE(eventually([&] { return pool.running_cpu_ns(owner) > kSpun; }));
  EXPECT_EQ(pool.running_cpu_ns(other), 0);
  EXPECT_EQ(owner.accounting().cpu_ns.load(), 0);
  stop = true;
  pool.settle();
  EXPECT_EQ(pool.running_cpu_ns(owner), 0);
  EXPECT_GT(owner.accounting().cpu_ns.load(), kSpun);
}

TEST(WorkerPool, ShowsTheCpuTimeOfThoseWhoHelpWithAParallelFor) {
  host::Owner owner("spins", "x", true);
  WorkerPool pool(workers(2));
  std::atomic<bool> stop{false};
  Signal helped;
  std::thread caller([&] {
    const auto self = std::this_thread::get_id();
    pool.parallel_for(owner, 2, [&](uint64_t) {
      if (std::this_thread::get_id() == self) return helped.wait();
      helped.raise();
      spin_until(stop);
    });
  });
  EXPECT_TRUE(eventually([&] { return pool.running_cpu_ns(owner) > kSpun; }));
  stop = true;
  caller.join();
  EXPECT_EQ(pool.running_cpu_ns(owner), 0);
  EXPECT_GT(owner.accounting().cpu_ns.load(), kSpun);
}

}  // namespace
}  // namespace tarsier::scheduler
