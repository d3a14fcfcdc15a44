#include "plugins/net/fair_tasks.hpp"

#include <gtest/gtest.h>

namespace tarsier::net {
namespace {

TEST(FairTasks, LetsClientsTakeTurns) {
  FairTasks tasks;
  std::string order;
  const auto add = [&](std::string_view client, char name) { tasks.push(client, [&order, name] { order += name; }); };
  for (const char name : {'a', 'b', 'c', 'd'}) add("10.0.0.1", name);
  add("10.0.0.2", 'X');
  add("10.0.0.3", 'Y');
  add("10.0.0.3", 'Z');
  EXPECT_EQ(tasks.size(), 7U);
  while (!tasks.empty()) tasks.pop()();
  EXPECT_EQ(order, "aXYbZcd");
}

TEST(FairTasks, GivesAOneWhoComesLateTheNextTurnButOne) {
  FairTasks tasks;
  std::string order;
  for (int i = 0; i < 1000; ++i) tasks.push("flood", [&order] { order += '.'; });
  tasks.pop()();
  tasks.push("late", [&order] { order += 'L'; });
  tasks.pop()();
  tasks.pop()();
  EXPECT_EQ(order, "..L");
}

TEST(FairTasks, TakesBackOneThatCannotBeRun) {
  FairTasks tasks;
  std::string order;
  tasks.push("a", [&order] { order += '1'; });
  const uint64_t lone = tasks.push("b", [&order] { order += 'b'; });
  const uint64_t second = tasks.push("a", [&order] { order += '2'; });
  EXPECT_TRUE(tasks.take_back("a", second));
  EXPECT_FALSE(tasks.take_back("a", second));
  EXPECT_TRUE(tasks.take_back("b", lone));
  EXPECT_FALSE(tasks.take_back("b", lone));
  ASSERT_EQ(tasks.size(), 1U);
  tasks.pop()();
  EXPECT_EQ(order, "1");
}

}  // namespace
}  // namespace tarsier::net
