#include <signal.h>
#include <vector>

#include "tests/unit/core/scheduler/fixtures.hpp"

namespace tarsier::scheduler {
namespace {

/// What is heard of one child.
struct Heard {
  std::string out, err;
  int64_t exit_code = -1;
  int32_t signal = 0;
  Signal output, exited;

  static void on_output(void* user, int32_t stream, tarsier_bytes bytes) {
    auto& self = *static_cast<Heard*>(user);
    (stream == 1 ? self.out : self.err).append(view(bytes));
    self.output.raise();
  }
  static void on_exit(void* user, int64_t exit_code, int32_t signal_number) {
    auto& self = *static_cast<Heard*>(user);
    self.exit_code = exit_code;
    self.signal = signal_number;
    self.exited.raise();
  }
};

class ChildTest : public testing::Test {
 protected:
  Result<tarsier_child*> run(const std::vector<std::string>& args, Heard& heard, const std::vector<tarsier_pair>* env = nullptr,
                             std::string_view directory = "") {
    std::vector<tarsier_str> c_args;
    for (const auto& arg : args) c_args.push_back(str(arg));
    tarsier_process_spec spec{};
    spec.size = sizeof(spec);
    spec.args = c_args.data();
    spec.arg_count = static_cast<uint32_t>(c_args.size());
    if (env != nullptr) {
      spec.env = env->data();
      spec.env_count = static_cast<uint32_t>(env->size());
    }
    spec.directory = str(directory);
    spec.user = &heard;
    spec.on_output = Heard::on_output;
    spec.on_exit = Heard::on_exit;
    return scheduler.spawn(owner, spec);
  }
  host::Owner owner{"probe", "probe", false};
  SystemClock clock;
  Scheduler scheduler{clock, {}};
};

TEST_F(ChildTest, TellsOutputOfBothStreamsThenTheExitCode) {
  Heard heard;
  ASSERT_TRUE(run({"sh", "-c", "echo one; echo two >&2; exit 3"}, heard));
  heard.exited.wait();
  EXPECT_EQ(heard.out, "one\n");
  EXPECT_EQ(heard.err, "two\n");
  EXPECT_EQ(heard.exit_code, 3);
}

TEST_F(ChildTest, TellsAllOfALongOutput) {
  Heard heard;
  ASSERT_TRUE(run({"sh", "-c", "head -c 5000000 /dev/zero"}, heard));
  heard.exited.wait();
  EXPECT_EQ(heard.out.size(), 5'000'000U);
}

TEST_F(ChildTest, HasTheGivenEnvironmentAndDirectory) {
  Heard heard;
  const std::vector<tarsier_pair> env = {{str("NAME"), str("value")}};
  ASSERT_TRUE(run({"/bin/sh", "-c", "echo $NAME; pwd"}, heard, &env, "/"));
  heard.exited.wait();
  EXPECT_EQ(heard.out, "value\n/\n");
}

TEST_F(ChildTest, NamesAProgramThatDoesNotExist) {
  Heard heard;
  const auto failed = run({"/no/such/program"}, heard);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code(), TARSIER_NOT_FOUND);
  EXPECT_NE(failed.error().message().find("/no/such/program"), std::string::npos);
}

TEST_F(ChildTest, DiesOfTheSignalThatItIsSent) {
  Heard heard;
  auto child = run({"sh", "-c", "echo up; exec sleep 1000"}, heard);
  ASSERT_TRUE(child);
  heard.output.wait();
  Scheduler::kill(*child, SIGTERM);
  heard.exited.wait();
  EXPECT_EQ(heard.signal, SIGTERM);
}

TEST_F(ChildTest, IsKilledWithItsDescendantsWhenTheInstanceStops) {
  Heard heard;
  ASSERT_TRUE(run({"sh", "-c", "sleep 1000 & echo $!; wait"}, heard));
  heard.output.wait();
  scheduler.settle();
  const pid_t descendant = std::stoi(heard.out);
  owner.close();
  scheduler.detach(owner);
  while (::kill(descendant, 0) == 0) {
    // Gone, or a zombie that nobody reaps here (then it is not running any more).
    std::string state;
    std::ifstream stat("/proc/" + std::to_string(descendant) + "/stat");
    std::getline(stat, state);
    if (state.find(") Z") != std::string::npos) break;
    std::this_thread::yield();
  }
  scheduler.forget(owner);
  EXPECT_EQ(heard.exited.count(), 0U);
}

TEST_F(ChildTest, EndsThoughADescendantKeepsThePipeOpen) {
  Heard heard;
  ASSERT_TRUE(run({"sh", "-c", "sleep 1000 & echo $!; exit 0"}, heard));
  heard.exited.wait();
  EXPECT_EQ(heard.exit_code, 0);
  ::kill(std::stoi(heard.out), SIGKILL);
}

TEST(Signals, ReachTheHost) {
  SystemClock clock;
  Scheduler scheduler(clock, {});
  Signal received;
  ASSERT_TRUE(scheduler.on_signal(SIGUSR1, [&] { received.raise(); }));
  ::kill(::getpid(), SIGUSR1);
  received.wait();
  ::kill(::getpid(), SIGUSR1);
  received.wait(2);
}

}  // namespace
}  // namespace tarsier::scheduler
