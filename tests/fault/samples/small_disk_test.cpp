// A file system that is really full, or really read-only: the store refuses what does not go onto it, keeps and answers all that it
// has acknowledged, and goes on when it can.
#include <cerrno>
#include <cstring>
#include <fstream>
#include <random>
#include <sys/mount.h>
#include <thread>

#include "tests/fault/samples/written_samples.hpp"
#include "tests/unit/plugins/storage/samples/lmdb_host.hpp"

namespace tarsier::samples::test {
namespace {

constexpr int64_t kBase = 1'799'992'800 * kSecondNs;

class SmallDiskStore : public StoreFixture {
 protected:
  const Host& host() override { return lmdb_->host(); }
  void SetUp() override {
    if (::mount("tarsier-test", dir_.path().c_str(), "tmpfs", 0, "size=6m") != 0)
      GTEST_SKIP() << "mounting a small file system needs root";
    mounted_ = true;
    std::ofstream(filler(), std::ios::binary) << std::string(2U << 20U, 'f');
    start();
  }
  void TearDown() override {
    close();
    lmdb_.reset();
    if (mounted_) ::umount2(dir_.path().c_str(), MNT_DETACH);
  }
  std::string filler() const { return dir_.path() + "/filler"; }
  void start() {
    close();
    lmdb_.reset();
    lmdb_ = std::make_unique<LmdbHost>(dir_.path());
    open();
  }
  /// New series each time, so that the labels fill the disk.
  Result<void> write_rows(int number) {
    WrittenSamples::Rows rows;
    for (int i = 0; i < 50; ++i) {
      std::mt19937_64 random(static_cast<uint64_t>(number * 50 + i));
      std::string text(200, '\0');
      for (char& letter : text) letter = static_cast<char>(' ' + random() % 95);  // cannot be packed much
      rows.push_back({{{"__name__", "m"}, {"text", text}}, {kBase + number * kSecondNs, static_cast<double>(number)}});
    }
    batch::SamplesBuilder builder;
    for (const auto& [labels, point] : rows) add(builder, labels, {point});
    written_.attempt(rows);
    auto outcome = write_wait(builder);
    if (outcome) written_.acknowledge(rows);
    return outcome;
  }
  void expect_all() {
    const Found found = all();
    ASSERT_EQ(last_status_, TARSIER_OK) << last_message_;
    ASSERT_TRUE(warnings_.empty());
    ASSERT_EQ(written_.check(found), "");
  }

  storage::testing::TempDir dir_;
  std::unique_ptr<LmdbHost> lmdb_;
  WrittenSamples written_;
  bool mounted_ = false;
};

TEST_F(SmallDiskStore, RefusesWhenFullAndGoesOnWhenThereIsSpace) {
  Result<void> outcome;
  int number = 0;
  while (outcome && number < 5000) {
    outcome = write_rows(number++);
    if (outcome && number % 20 == 0) outcome = store_->flush();
  }
  ASSERT_FALSE(outcome.ok());
  EXPECT_EQ(outcome.error().code(), TARSIER_RESOURCE) << outcome.error().message();
  EXPECT_GT(number, 20);
  for (int again = 0; again < 5; ++again) {
    ASSERT_FALSE(write_rows(number).ok() && store_->flush().ok() && store_->compact(now_).ok());
    ASSERT_NO_FATAL_FAILURE(expect_all());
  }
  ASSERT_NO_FATAL_FAILURE(start()) << "a full disk keeps no store from starting";
  ASSERT_NO_FATAL_FAILURE(expect_all());
  std::filesystem::remove(filler());
  for (int attempt = 0; attempt < 500 && !(outcome = write_rows(number)); ++attempt)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));  // a sender's back-off
  ASSERT_TRUE(outcome.ok()) << outcome.error().message();
  const auto flushed = store_->flush();
  ASSERT_TRUE(flushed.ok()) << flushed.error().message();
  ASSERT_NO_FATAL_FAILURE(expect_all());
  start();
  ASSERT_NO_FATAL_FAILURE(expect_all());
}

TEST_F(SmallDiskStore, IsNamedWhenItIsReadOnlyAndHasAllWhenItIsNotAnyMore) {
  int number = 0;
  for (; number < 20; ++number) {
    ASSERT_TRUE(write_rows(number).ok());
    if (number == 10) {
      ASSERT_TRUE(store_->flush().ok());
    }
  }
  close();
  lmdb_.reset();
  const auto remount = [&](unsigned long flags) {
    return ::mount("tarsier-test", dir_.path().c_str(), "tmpfs", MS_REMOUNT | flags, "size=6m");
  };
  ASSERT_EQ(remount(MS_RDONLY), 0) << std::strerror(errno);
  storage::StorageOptions options;
  options.data_dir = dir_.path();
  const auto refused = storage::Storage::open(options);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), TARSIER_UNAVAILABLE);
  EXPECT_NE(refused.error().message().find(dir_.path()), std::string::npos) << refused.error().message();
  EXPECT_NE(refused.error().message().find("Read-only file system"), std::string::npos) << refused.error().message();
  ASSERT_EQ(remount(0), 0);
  ASSERT_NO_FATAL_FAILURE(start());
  ASSERT_NO_FATAL_FAILURE(expect_all());
  ASSERT_TRUE(write_rows(number++).ok());
  start();
  ASSERT_NO_FATAL_FAILURE(expect_all());
}

}  // namespace
}  // namespace tarsier::samples::test
