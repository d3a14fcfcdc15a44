#include "core/host/owner.hpp"

#include <atomic>
#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace tarsier::host {
namespace {

TEST(Owner, NoCallBeginsAfterClose) {
  Owner owner("node", "node", false);
  ASSERT_TRUE(owner.enter());
  owner.close();
  EXPECT_FALSE(owner.enter());
  EXPECT_FALSE(owner.drain(std::chrono::milliseconds(1)));
  owner.leave();
  EXPECT_TRUE(owner.drain(std::chrono::seconds(10)));
  owner.open();
  EXPECT_TRUE(owner.enter());
  owner.leave();
}

TEST(Owner, DrainsWhileCallsComeAndGo) {
  for (int round = 0; round < 50; ++round) {
    auto owner = std::make_unique<Owner>("node", "node", true);
    std::atomic<int> inside{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 3; ++i) {
      threads.emplace_back([&, target = owner.get()] {
        while (target->enter()) {
          inside.fetch_add(1);
          inside.fetch_sub(1);
          target->leave();
        }
      });
    }
    owner->close();
    ASSERT_TRUE(owner->drain(std::chrono::seconds(10)));
    EXPECT_EQ(inside.load(), 0);
    for (std::thread& thread : threads) thread.join();
  }
}

}  // namespace
}  // namespace tarsier::host
