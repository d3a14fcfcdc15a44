#include <chrono>
#include <condition_variable>
#include <mutex>
#include <regex>
#include <thread>

#include "tests/unit/core/storage/storage_fixture.hpp"

namespace tarsier::storage::testing {
namespace {

using Commit = StorageTest;

TEST_F(Commit, ReadsItsOwnWritesInBothDurabilities) {
  for (const tarsier_durability durability : {TARSIER_DURABILITY_COMMIT, TARSIER_DURABILITY_INTERVAL}) {
    tarsier_env* env = open("own/" + std::to_string(durability), TARSIER_ENV_CREATE, durability);
    ASSERT_EQ(write(env, {put("t", "a", "1"), put("t", "b", "2"), put("u", "a", "")}).status, TARSIER_OK);
    EXPECT_EQ(get(env, "t", "b").second, "2");
    EXPECT_EQ(contents(env, "t"), (Contents{{"a", "1"}, {"b", "2"}}));
    EXPECT_EQ(contents(env, "u"), (Contents{{"a", ""}}));
    ASSERT_EQ(write(env, {del("t", "a"), del("t", "absent"), clear("u")}).status, TARSIER_OK);
    EXPECT_EQ(contents(env, "t"), (Contents{{"b", "2"}}));
    EXPECT_TRUE(contents(env, "u").empty());
    close(env);
  }
}

TEST_F(Commit, KeepsEverythingOverARestart) {
  tarsier_env* env = open("kept");
  for (uint64_t i = 0; i < 300; ++i) {
    ASSERT_EQ(write(env, {append("t", numbered_key(i), std::string(i * 37, 'x'))}).status, TARSIER_OK);
  }
  const Contents before = contents(env, "t");
  close(env);
  restart();
  env = open("kept", 0);
  EXPECT_EQ(contents(env, "t"), before);
  EXPECT_EQ(before.size(), 300U);
}

TEST_F(Commit, ChangesDurabilityBetweenOpensAndKeepsEverything) {
  Contents expected;
  for (uint64_t i = 0; i < 6; ++i) {
    tarsier_env* env = open("mixed", TARSIER_ENV_CREATE, i % 2 == 0 ? TARSIER_DURABILITY_INTERVAL : TARSIER_DURABILITY_COMMIT);
    for (uint64_t j = 0; j < 5; ++j) {
      const std::string key = numbered_key(i * 10 + j);
      ASSERT_EQ(write(env, {append("t", key, "v")}).status, TARSIER_OK);
      expected.emplace(key, "v");
    }
    close(env);
    EXPECT_EQ(std::filesystem::exists(dir_.path() + "/mixed/synced"), i % 2 == 0)
        << "no mark may outlive the durability it belongs to";
    options_.boot_id = "boot " + std::to_string(i);  // as after a restart of the machine
    restart();
  }
  EXPECT_EQ(contents(open("mixed"), "t"), expected);
}

/// Transactions that nobody waits for, where the interval is as long as the test says.
class Unhurried : public Commit {
 protected:
  tarsier_env* open_with(std::chrono::milliseconds interval) {
    options_.sync_interval = interval;
    restart();
    return open("unhurried", TARSIER_ENV_CREATE, TARSIER_DURABILITY_INTERVAL);
  }
  void hand_over(tarsier_env* env, std::string_view key, std::string_view value = "v") {
    const tarsier_op one = put("t", key, value);
    tarsier_error error = empty_error();
    const tarsier_committed_fn count = [](void* user, tarsier_status status, tarsier_str, uint64_t) {
      *static_cast<std::atomic<int>*>(user) += status == TARSIER_OK ? 1 : 0;
    };
    ASSERT_EQ(api().write_unhurried(env, &one, 1, count, &committed_, &error), TARSIER_OK);
  }
  void wait_until_committed(int count) {
    while (committed_ != count) std::this_thread::yield();
  }
  uint64_t commits(tarsier_env* env) {
    tarsier_env_stat stat{};
    stat.size = sizeof(stat);
    tarsier_error error = empty_error();
    EXPECT_EQ(api().stat(env, &stat, &error), TARSIER_OK);
    return stat.commits;
  }
  std::atomic<int> committed_{0};
};

TEST_F(Unhurried, GoesWithTheNextThatSomebodyWaitsFor) {
  tarsier_env* env = open_with(std::chrono::hours(1));
  const uint64_t before = commits(env);
  hand_over(env, "a");
  hand_over(env, "b");
  EXPECT_TRUE(contents(env, "t").empty());
  ASSERT_EQ(write(env, {put("t", "c", "v")}).status, TARSIER_OK);
  EXPECT_EQ(committed_, 2);
  EXPECT_EQ(contents(env, "t").size(), 3U);
  EXPECT_EQ(commits(env), before + 1);
}

TEST_F(Unhurried, IsCommittedByItselfAfterTheInterval) {
  tarsier_env* env = open_with(std::chrono::milliseconds(20));
  for (int i = 1; i <= 3; ++i) {
    hand_over(env, std::to_string(i));
    wait_until_committed(i);
  }
  EXPECT_EQ(contents(env, "t").size(), 3U);
}

TEST_F(Unhurried, MuchOfItWaitsForNothing) {
  tarsier_env* env = open_with(std::chrono::hours(1));
  const std::string large(64 << 10, 'x');
  for (const char* key : {"a", "b", "c"}) hand_over(env, key, large);
  wait_until_committed(3);
}

TEST_F(Unhurried, WhoSyncsOrClosesDoesNotWait) {
  tarsier_env* env = open_with(std::chrono::hours(1));
  hand_over(env, "a");
  tarsier_error error = empty_error();
  ASSERT_EQ(api().sync(env, &error), TARSIER_OK);
  EXPECT_EQ(committed_, 1);
  hand_over(env, "b");
  close(env);
  EXPECT_EQ(committed_, 2);
  restart();
  EXPECT_EQ(contents(open("unhurried"), "t").size(), 2U);
}

TEST_F(Commit, RefusesAnAppendOutOfOrderAndNothingElse) {
  tarsier_env* env = open("order");
  ASSERT_EQ(write(env, {append("t", "m", "1")}).status, TARSIER_OK);
  EXPECT_EQ(write(env, {append("t", "a", "2")}).status, TARSIER_INVALID);
  EXPECT_EQ(write(env, {append("t", "m", "2")}).status, TARSIER_INVALID);
  EXPECT_EQ(write(env, {put("t", "b", "3"), append("t", "c", "3")}).status, TARSIER_INVALID);
  EXPECT_EQ(write(env, {append("t", "x", "4"), append("t", "n", "4")}).status, TARSIER_INVALID);
  // The last key goes, so what was below it may be appended; but not what is below the key before it.
  EXPECT_EQ(write(env, {put("t", "z", "5"), del("t", "z"), append("t", "a", "5")}).status, TARSIER_INVALID);
  EXPECT_EQ(contents(env, "t"), (Contents{{"m", "1"}}));
  EXPECT_EQ(write(env, {put("t", "z", "6"), del("t", "z"), append("t", "n", "6")}).status, TARSIER_OK);
  EXPECT_EQ(write(env, {clear("t"), append("t", "a", "7"), append("t", "b", "7")}).status, TARSIER_OK);
  EXPECT_EQ(contents(env, "t"), (Contents{{"a", "7"}, {"b", "7"}}));
}

TEST_F(Commit, RefusesWhatCanNeverBeWritten) {
  tarsier_env* env = open("never");
  const auto refused = [&](const tarsier_op& one) { return write(env, {put("t", "good", "x"), one}).status; };
  EXPECT_EQ(refused(put("t", "", "v")), TARSIER_INVALID);
  EXPECT_EQ(refused(put("t", std::string(512, 'k'), "v")), TARSIER_INVALID);
  EXPECT_EQ(refused(put("", "k", "v")), TARSIER_INVALID);
  EXPECT_EQ(refused(put(std::string(65, 't'), "k", "v")), TARSIER_INVALID);
  EXPECT_EQ(refused(op(9, "t", "k", "v")), TARSIER_INVALID);
  EXPECT_TRUE(contents(env, "t").empty());
  EXPECT_EQ(write(env, {put("t", std::string(511, 'k'), "v")}).status, TARSIER_OK);
}

TEST_F(Commit, AllowsThirtyTwoTablesAndNamesTheLimit) {
  tarsier_env* env = open("tables");
  for (unsigned i = 0; i < 32; ++i) ASSERT_EQ(write(env, {put("t" + std::to_string(i), "k", "v")}).status, TARSIER_OK) << i;
  const Outcome refused = write(env, {put("t0", "other", "v"), put("one.more", "k", "v")});
  EXPECT_EQ(refused.status, TARSIER_RESOURCE);
  EXPECT_NE(refused.message.find("tables"), std::string::npos);
  EXPECT_EQ(get(env, "t0", "other").first.status, TARSIER_NOT_FOUND);
  EXPECT_EQ(write(env, {put("t31", "again", "v")}).status, TARSIER_OK);
}

/// Counts fates; waits for a number of them.
struct Fates {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::pair<tarsier_status, uint64_t>> met;

  static void meet(void* user, tarsier_status status, tarsier_str, uint64_t sequence) {
    auto* fates = static_cast<Fates*>(user);
    const std::lock_guard lock(fates->mutex);
    fates->met.emplace_back(status, sequence);
    fates->changed.notify_all();
  }
  void wait(size_t count) {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return met.size() >= count; });
  }
};

TEST_F(Commit, TellsEveryTransactionItsFateOnceAndInOrder) {
  tarsier_env* env = open("fates");
  Fates fates;
  size_t accepted = 0;
  for (uint64_t i = 0; i < 2000; ++i) {
    const std::string key = numbered_key(i % 10 == 7 ? 0 : i);  // every tenth is out of order
    const tarsier_op one = append("t", key, "v");
    while (api().write(env, &one, 1, &Fates::meet, &fates, nullptr) != TARSIER_OK) std::this_thread::yield();
    ++accepted;
  }
  close(env);  // waits
  ASSERT_EQ(fates.met.size(), accepted);
  uint64_t last = 0;
  for (size_t i = 0; i < fates.met.size(); ++i) {
    EXPECT_EQ(fates.met[i].first, i % 10 == 7 ? TARSIER_INVALID : TARSIER_OK) << i;
    if (fates.met[i].first == TARSIER_OK) {
      EXPECT_EQ(fates.met[i].second, ++last);
    }
  }
}

TEST_F(Commit, CommitsManySendersTogether) {
  tarsier_env* env = open("many", TARSIER_ENV_CREATE, TARSIER_DURABILITY_COMMIT);
  constexpr uint64_t kSenders = 8;
  constexpr uint64_t kEach = 50;
  std::vector<std::thread> senders;
  for (uint64_t sender = 0; sender < kSenders; ++sender) {
    senders.emplace_back([&, sender] {
      for (uint64_t i = 0; i < kEach; ++i) {
        EXPECT_EQ(write(env, {put("t", numbered_key(sender << 32U | i), "v")}).status, TARSIER_OK);
      }
    });
  }
  for (std::thread& sender : senders) sender.join();
  EXPECT_EQ(contents(env, "t").size(), kSenders * kEach);
  const auto figures = storage_->statistics();
  ASSERT_EQ(figures.size(), 1U);
  EXPECT_EQ(figures[0].transactions, kSenders * kEach);
  EXPECT_LE(figures[0].commits, kSenders * kEach);
}

/// A callback that holds the writer thread until it is let go.
struct Gate {
  std::mutex mutex;
  std::condition_variable changed;
  bool reached = false;
  bool open = false;
  static void hold(void* user, tarsier_status, tarsier_str, uint64_t) {
    auto* gate = static_cast<Gate*>(user);
    std::unique_lock lock(gate->mutex);
    gate->reached = true;
    gate->changed.notify_all();
    gate->changed.wait(lock, [&] { return gate->open; });
  }
};

TEST_F(Commit, SaysAgainWhenItsQueueIsFull) {
  options_.queue_bytes = 10000;
  restart();
  tarsier_env* env = open("full");
  Gate gate;
  const std::string value(4000, 'v');
  const tarsier_op one = put("t", "k", value);
  ASSERT_EQ(api().write(env, &one, 1, &Gate::hold, &gate, nullptr), TARSIER_OK);
  {
    std::unique_lock lock(gate.mutex);
    gate.changed.wait(lock, [&] { return gate.reached; });
  }
  Fates fates;
  tarsier_error error = empty_error();
  size_t taken = 0;
  tarsier_status status = TARSIER_OK;
  while ((status = api().write(env, &one, 1, &Fates::meet, &fates, &error)) == TARSIER_OK) ++taken;
  EXPECT_EQ(status, TARSIER_AGAIN);
  EXPECT_GT(error.retry_after_ns, 0);
  EXPECT_LE(taken, 2U);
  {
    const std::lock_guard lock(gate.mutex);
    gate.open = true;
    gate.changed.notify_all();
  }
  fates.wait(taken);
  close(env);
  env = open("full");
  EXPECT_EQ(write(env, {put("t", "large", std::string(100000, 'l'))}).status, TARSIER_OK) << "larger than the queue, but alone";
}

TEST_F(Commit, RefusesOverTheQuotaAndAllowsDeletion) {
  tarsier_env* env = open("small", TARSIER_ENV_CREATE, TARSIER_DURABILITY_DEFAULT, 1U << 20U);
  Outcome last;
  uint64_t written = 0;
  while ((last = write(env, {put("t", numbered_key(written), std::string(8000, 'q'))})).status == TARSIER_OK) ++written;
  EXPECT_EQ(last.status, TARSIER_RESOURCE);
  EXPECT_NE(last.message.find("small"), std::string::npos);
  EXPECT_GT(written, 100U);
  EXPECT_LT(written, 140U);
  EXPECT_EQ(contents(env, "t").size(), written);
  ASSERT_EQ(write(env, {clear("t")}).status, TARSIER_OK);
  EXPECT_EQ(write(env, {put("t", "again", std::string(8000, 'q'))}).status, TARSIER_OK);
}

TEST_F(Commit, RefusesOverTheHostsQuotaAndUnderTheFreeSpace) {
  options_.total_quota_bytes = 2U << 20U;
  restart();
  tarsier_env* env = open("total");
  Outcome last;
  for (uint64_t i = 0; i < 1000 && last.status == TARSIER_OK; ++i)
    last = write(env, {put("t", numbered_key(i), std::string(8000, 'q'))});
  EXPECT_EQ(last.status, TARSIER_RESOURCE);
  close(env);
  options_.total_quota_bytes = 0;
  options_.min_free_bytes = uint64_t{1} << 62U;
  restart();
  env = open("total");
  const Outcome refused = write(env, {put("t", "k", "v")});
  EXPECT_EQ(refused.status, TARSIER_RESOURCE);
  EXPECT_TRUE(std::regex_match(
      refused.message,
      std::regex("environment total: only [0-9.]+ [A-Z]i?B? are free in .*, and 4 EiB must stay free \\(host.storage.min_free\\)")))
      << refused.message;
  EXPECT_EQ(write(env, {del("t", numbered_key(0))}).status, TARSIER_OK) << "what frees space is always taken";
}

TEST_F(Commit, GrowsTheMapWhenItFills) {
  options_.map_bytes = 1U << 20U;
  restart();
  tarsier_env* env = open("growing");
  for (uint64_t i = 0; i < 1000; ++i) {
    const Outcome outcome = write(env, {append("t", numbered_key(i), std::string(8000, 'g'))});
    ASSERT_EQ(outcome.status, TARSIER_OK) << i << outcome.message;
  }
  EXPECT_EQ(contents(env, "t").size(), 1000U);
}

TEST_F(Commit, RefusesWaitingInsideACallback) {
  tarsier_env* env = open("inside");
  struct Inner {
    tarsier_env* env;
    std::atomic<tarsier_status> status{TARSIER_OK};
  } inner{env, {}};
  const tarsier_op one = put("t", "k", "v");
  ASSERT_EQ(api().write(
                env, &one, 1,
                [](void* user, tarsier_status, tarsier_str, uint64_t) {
                  auto* self = static_cast<Inner*>(user);
                  self->status = write(self->env, {put("t", "l", "v")}).status;
                },
                &inner, nullptr),
            TARSIER_OK);
  close(env);
  EXPECT_EQ(inner.status, TARSIER_INVALID);
}

TEST_F(Commit, AccountsCallbacksToTheirOwner) {
  tarsier_env* env = open("accounts");
  Fates fates;
  const tarsier_op one = put("t", "k", "v");
  ASSERT_EQ(api().write(env, &one, 1, &Fates::meet, &fates, nullptr), TARSIER_OK);
  client_.owner().close();  // an instance on its way down still learns what became of its writes
  close(env);
  EXPECT_EQ(fates.met.size(), 1U);
  EXPECT_EQ(client_.owner().accounting().calls, 1U);
}

}  // namespace
}  // namespace tarsier::storage::testing
