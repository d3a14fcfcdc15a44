#include "core/scheduler/control_calls.hpp"

#include <stdexcept>

#include "tests/unit/core/scheduler/fixtures.hpp"

namespace tarsier::scheduler {
namespace {

constexpr auto kLong = std::chrono::minutes(1);

TEST(ControlCalls, RunTheCallAndAccountForIt) {
  ControlCalls control({});
  host::Owner owner("node", "node", false);
  bool called = false;
  EXPECT_EQ(control.run(owner, [&] { called = true; }, kLong), ControlOutcome::completed);
  EXPECT_TRUE(called);
  EXPECT_EQ(owner.accounting().calls.load(), 1U);
}

TEST(ControlCalls, ReturnAtTheDeadlineWhenTheCallHangs) {
  host::Owner owner("hung", "x", false), other("other", "x", false);
  auto release = std::make_shared<Signal>();
  ControlCalls control({});
  EXPECT_EQ(control.run(owner, [release] { release->wait(); }, std::chrono::milliseconds(1)), ControlOutcome::deadline);
  EXPECT_EQ(control.run(owner, [] {}, std::chrono::milliseconds(1)), ControlOutcome::busy);
  EXPECT_EQ(control.run(other, [] {}, kLong), ControlOutcome::completed);
  release->raise();
  EXPECT_EQ(control.run(owner, [] {}, kLong), ControlOutcome::completed);
}

TEST(ControlCalls, ShowTheCpuTimeOfACallThatHasNotReturned) {
  host::Owner owner("spins", "x", false), other("other", "x", false);
  auto stop = std::make_shared<std::atomic<bool>>(false);
  ControlCalls control({});
  EXPECT_EQ(control.run(owner, [stop] { spin_until(*stop); }, std::chrono::milliseconds(1)), ControlOutcome::deadline);
  EXPECT_TRUE(eventually([&] { return control.running_cpu_ns(owner) > kSpun; }));
  EXPECT_EQ(control.running_cpu_ns(other), 0);
  EXPECT_EQ(owner.accounting().cpu_ns.load(), 0);
  *stop = true;
  EXPECT_EQ(control.run(owner, [] {}, kLong), ControlOutcome::completed);
  EXPECT_EQ(control.running_cpu_ns(owner), 0);
  EXPECT_GT(owner.accounting().cpu_ns.load(), kSpun);
}

TEST(ControlCalls, CountAnEscapingException) {
  std::string said;
  ControlCalls control([&](const Report& report) { said = describe(report); });
  host::Owner owner("node", "node", false);
  EXPECT_EQ(control.run(owner, [] { throw std::runtime_error("bad"); }, kLong), ControlOutcome::completed);
  EXPECT_EQ(owner.accounting().failures.load(), 1U);
  EXPECT_EQ(said, "node: job \"control\" let an exception escape: bad");
}

}  // namespace
}  // namespace tarsier::scheduler
