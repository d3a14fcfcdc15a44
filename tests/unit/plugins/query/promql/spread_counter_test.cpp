// A counter that many threads share without waiting for one another.
#include "plugins/query/promql/exec/spread_counter.hpp"

#include <gtest/gtest.h>
#include <thread>
#include <vector>

namespace tarsier::promql {
namespace {

TEST(SpreadCounter, AddsUpWhatMoreThreadsThanPlacesCount) {
  SpreadCounter counter;
  std::vector<std::thread> threads;
  for (int i = 0; i < 40; ++i)
    threads.emplace_back([&] {
      for (int n = 0; n < 1000; ++n) (void)counter.add(3);
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(counter.total(), 120'000U);
}

TEST(SpreadCounter, TellsAThreadWhatItHadCounted) {
  SpreadCounter counter;
  EXPECT_EQ(counter.add(5), 0U);
  EXPECT_EQ(counter.add(1), 5U);
}

TEST(SpreadCounter, GoesOnFromWhatItIsSetTo) {
  SpreadCounter counter;
  (void)counter.add(5);
  std::thread([&] { (void)counter.add(7); }).join();
  counter.set(2);
  (void)counter.add(1);
  EXPECT_EQ(counter.total(), 3U);
}

}  // namespace
}  // namespace tarsier::promql
