// Full, read-only and failing disks: what was acknowledged stays, what could not be taken is refused, and writing goes on when the
// disk works again.
#include <algorithm>
#include <atomic>
#include <cerrno>
#include <mutex>
#include <sys/mount.h>
#include <thread>
#include <unistd.h>

#include "core/storage/files.hpp"
#include "tests/fault/storage/faulty_disk.hpp"
#include "tests/unit/core/storage/storage_fixture.hpp"

namespace tarsier::storage::testing {
namespace {

class FailingDisk : public StorageTest, public ::testing::WithParamInterface<tarsier_durability> {
 protected:
  void SetUp() override {
    options_.durability = GetParam();
    options_.on_failure = [this](const std::string& environment, const Error& error) {
      const std::lock_guard lock(failures_mutex_);
      failures_.push_back(environment + ": " + error.message());
    };
    StorageTest::SetUp();
  }
  void TearDown() override {
    FaultyDisk::heal();
    StorageTest::TearDown();
  }
  size_t failures() {
    const std::lock_guard lock(failures_mutex_);
    return failures_.size();
  }
  /// Writes until it is taken again, as a sender does.
  Outcome write_until_taken(tarsier_env* env, const std::vector<tarsier_op>& ops) {
    Outcome outcome;
    for (int attempt = 0; attempt < 500; ++attempt) {
      outcome = write(env, ops);
      if (outcome.status != TARSIER_UNAVAILABLE) return outcome;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));  // the caller's back-off
    }
    return outcome;
  }

  std::mutex failures_mutex_;
  std::vector<std::string> failures_;
};

TEST_P(FailingDisk, NeverAcknowledgesWhatItsSyncRefused) {
  tarsier_env* env = open("e");
  ASSERT_EQ(write(env, {put("t", "before", "1")}).status, TARSIER_OK);
  FaultyDisk::fail_syncs(1000000, EIO);
  Outcome refused;
  Contents acknowledged{{"before", "1"}};
  for (int i = 0; i < 100000 && refused.status == TARSIER_OK; ++i) {
    refused = write(env, {put("t", "during " + std::to_string(i), "2")});
    if (refused.status == TARSIER_OK) acknowledged["during " + std::to_string(i)] = "2";
  }
  EXPECT_EQ(refused.status, TARSIER_UNAVAILABLE) << refused.message;
  EXPECT_NE(refused.message.find("environment e"), std::string::npos) << refused.message;
  if (GetParam() == TARSIER_DURABILITY_COMMIT) {
    EXPECT_EQ(acknowledged.size(), 1U);
  }
  EXPECT_GE(failures(), 1U);
  EXPECT_EQ(contents(env, "t"), acknowledged) << "reading goes on, and shows nothing that was refused";
  FaultyDisk::heal();
  ASSERT_EQ(write_until_taken(env, {put("t", "after", "3")}).status, TARSIER_OK);
  acknowledged["after"] = "3";
  close(env);
  options_.boot_id = "another start of the machine";
  restart();
  EXPECT_EQ(contents(open("e"), "t"), acknowledged);
}

TEST_P(FailingDisk, NeverAcknowledgesWhatItsWritesRefused) {
  for (const int error : {EIO, ENOSPC}) {
    tarsier_env* env = open("e" + std::to_string(error));
    ASSERT_EQ(write(env, {put("t", "before", "1")}).status, TARSIER_OK);
    FaultyDisk::fail_writes(error, [](uint64_t, uint64_t offset, bool) { return offset >= 8192; });
    const Outcome refused = write(env, {put("t", "during", std::string(50000, 'x'))});
    EXPECT_EQ(refused.status, error == EIO ? TARSIER_UNAVAILABLE : TARSIER_RESOURCE) << refused.message;
    EXPECT_EQ(contents(env, "t"), (Contents{{"before", "1"}}));
    FaultyDisk::heal();
    ASSERT_EQ(write_until_taken(env, {put("t", "after", "3")}).status, TARSIER_OK);
    close(env);
    EXPECT_EQ(contents(open("e" + std::to_string(error)), "t"), (Contents{{"after", "3"}, {"before", "1"}}));
  }
}

TEST_P(FailingDisk, ComesBackAfterAMetaPageCouldNotBeWritten) {
  tarsier_env* env = open("e");
  ASSERT_EQ(write(env, {put("t", "before", "1")}).status, TARSIER_OK);
  FaultyDisk::fail_writes(EIO, [](uint64_t size, uint64_t offset, bool) { return offset < 8192 && size < 4096; });
  EXPECT_EQ(write(env, {put("t", "during", "2")}).status, TARSIER_UNAVAILABLE);
  EXPECT_EQ(write(env, {put("t", "during", "2")}).status, TARSIER_UNAVAILABLE);
  FaultyDisk::heal();
  const Outcome taken = write_until_taken(env, {put("t", "after", "3")});
  ASSERT_EQ(taken.status, TARSIER_OK) << taken.message;
  EXPECT_EQ(contents(env, "t"), (Contents{{"after", "3"}, {"before", "1"}}));
  close(env);
  restart();
  EXPECT_EQ(contents(open("e"), "t"), (Contents{{"after", "3"}, {"before", "1"}}));
}

TEST_P(FailingDisk, LeavesNoHalfSealedOrHalfRotatedEnvironment) {
  tarsier_env* env = open("e");
  ASSERT_EQ(write(env, {put("t", "k", "v")}).status, TARSIER_OK);
  for (int syncs = 0; syncs < 40; ++syncs) {
    // The first `syncs` of them work, the next one fails.
    std::atomic<bool> rotated{false};
    std::atomic<int> left{syncs};
    FaultyDisk::fail_writes(EIO, [&left](uint64_t, uint64_t, bool) { return left-- <= 0; });
    tarsier_error error = empty_error();
    rotated = api().rotate(env, str("old"), &error) == TARSIER_OK;
    const Outcome sealed = seal("sealed", "t", {});
    FaultyDisk::heal();
    if (rotated) {
      EXPECT_EQ(api().remove(client_.host(), str("old"), nullptr), TARSIER_OK);
    }
    if (sealed.status == TARSIER_OK) {
      EXPECT_EQ(api().remove(client_.host(), str("sealed"), nullptr), TARSIER_OK);
    }
    EXPECT_EQ(list(), std::vector<std::string>{"e"}) << syncs;
    ASSERT_EQ(write_until_taken(env, {put("t", "k", "v")}).status, TARSIER_OK);
    EXPECT_EQ(get(env, "t", "k").second, "v");
  }
}

/// Wherever it fails, what was written is in the environment, or in what it was rotated to, or in both.
TEST_P(FailingDisk, LosesNothingWhereverARotationFails) {
  for (const bool once : {true, false}) {
    for (int first = 0; first < 40; ++first) {
      SCOPED_TRACE((once ? "call " : "calls from ") + std::to_string(first));
      tarsier_env* env = open("e");
      ASSERT_EQ(write(env, {put("t", "before", "1")}).status, TARSIER_OK);
      std::atomic<int> calls{0};
      FaultyDisk::fail_calls([&](const DiskCall& call) {
        if (!call.path.starts_with(dir_.path())) return 0;
        const int number = calls++;
        return number == first || (number > first && !once) ? EIO : 0;
      });
      (void)api().rotate(env, str("old"), nullptr);
      FaultyDisk::heal();
      ASSERT_EQ(write_until_taken(env, {put("t", "after", "2")}).status, TARSIER_OK);
      for (const bool again : {false, true}) {
        const auto names = list();
        const bool rotated = std::find(names.begin(), names.end(), "old") != names.end();
        Contents found = contents(env, "t");
        EXPECT_EQ(found["after"], "2");
        if (rotated) found.merge(contents(open("old", TARSIER_ENV_SEALED), "t"));
        EXPECT_EQ(found, (Contents{{"after", "2"}, {"before", "1"}}));
        if (again) break;
        options_.boot_id += "another";
        restart();
        env = open("e");
      }
      restart();
      for (const std::string& name : list()) ASSERT_EQ(api().remove(client_.host(), str(name), nullptr), TARSIER_OK);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Durability, FailingDisk, ::testing::Values(TARSIER_DURABILITY_COMMIT, TARSIER_DURABILITY_INTERVAL));

/// A file system of its own, small enough to fill.
class SmallDisk : public FailingDisk {
 protected:
  void SetUp() override {
    if (::mount("tarsier-test", dir_.path().c_str(), "tmpfs", 0, "size=4m") != 0)
      GTEST_SKIP() << "mounting a small file system needs root";
    mounted_ = true;
    FailingDisk::SetUp();
  }
  void TearDown() override {
    FailingDisk::TearDown();
    if (mounted_) ::umount2(dir_.path().c_str(), MNT_DETACH);
  }
  bool mounted_ = false;
};

TEST_P(SmallDisk, RefusesWhenFullAndGoesOnWhenThereIsSpace) {
  const std::string filler = dir_.path() + "/filler";
  auto filled = write_synced_file(filler, std::string(1U << 20U, 'f'));
  ASSERT_TRUE(filled.ok());
  tarsier_env* env = open("e");
  Contents acknowledged;
  Outcome outcome;
  for (uint64_t i = 0; i < 10000; ++i) {
    const std::string value(5000 + i % 3000, static_cast<char>('a' + i % 26));
    outcome = write(env, {append("t", numbered_key(i), value)});
    if (outcome.status != TARSIER_OK) break;
    acknowledged[numbered_key(i)] = value;
  }
  EXPECT_EQ(outcome.status, TARSIER_RESOURCE) << outcome.message;
  EXPECT_NE(outcome.message.find("environment e"), std::string::npos) << outcome.message;
  EXPECT_GT(acknowledged.size(), 100U);
  EXPECT_EQ(contents(env, "t"), acknowledged);
  std::filesystem::remove(filler);
  ASSERT_EQ(write_until_taken(env, {append("t", "z", "after")}).status, TARSIER_OK);
  acknowledged["z"] = "after";
  close(env);
  restart();
  EXPECT_EQ(contents(open("e"), "t"), acknowledged);
  EXPECT_EQ(api().verify(client_.host(), str("e"), nullptr, nullptr, nullptr), TARSIER_OK);
}

TEST_P(SmallDisk, KeepsTheFreeSpaceItWasTold) {
  storage_.reset();
  options_.min_free_bytes = 2U << 20U;
  start();
  tarsier_env* env = open("e");
  Outcome outcome;
  for (uint64_t i = 0; i < 10000 && outcome.status == TARSIER_OK; ++i) {
    outcome = write(env, {append("t", numbered_key(i), std::string(8000, 'x'))});
  }
  EXPECT_EQ(outcome.status, TARSIER_RESOURCE);
  EXPECT_GT(std::filesystem::space(dir_.path()).available, 3U << 19U);
}

TEST_P(SmallDisk, SaysSoWhenItIsReadOnly) {
  tarsier_env* env = open("e");
  ASSERT_EQ(write(env, {put("t", "k", "v")}).status, TARSIER_OK);
  close(env);
  storage_.reset();
  ASSERT_EQ(::mount("tarsier-test", dir_.path().c_str(), "tmpfs", MS_REMOUNT | MS_RDONLY, "size=4m"), 0);
  auto opened = Storage::open(options());
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code(), TARSIER_UNAVAILABLE);
  EXPECT_NE(opened.error().message().find("Read-only"), std::string::npos) << opened.error().message();
  ASSERT_EQ(::mount("tarsier-test", dir_.path().c_str(), "tmpfs", MS_REMOUNT, "size=4m"), 0);
  start();
  EXPECT_EQ(get(open("e"), "t", "k").second, "v");
}

INSTANTIATE_TEST_SUITE_P(Durability, SmallDisk, ::testing::Values(TARSIER_DURABILITY_COMMIT, TARSIER_DURABILITY_INTERVAL));

}  // namespace
}  // namespace tarsier::storage::testing
