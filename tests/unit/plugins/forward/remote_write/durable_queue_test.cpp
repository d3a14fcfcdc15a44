// The queue on real storage: order, files, limits, and what a kill leaves.
#include "plugins/forward/remote_write/durable_queue.hpp"

#include <atomic>

#include "sender_fixture.hpp"

namespace tarsier::forward {
namespace {

using test::bytes_of;
using test::kSecond;
using test::large_batch;
using test::samples_of;

class DurableQueueTest : public testing::Test {
 protected:
  void SetUp() override { open(directory_.path()); }
  void TearDown() override { queue_.reset(); }

  void open(const std::string& directory, uint64_t sequence = 1, uint64_t samples = 0) {
    queue_.reset();
    storage_.reset();
    storage_ = std::make_unique<test::StorageOfTest>(directory);
    queue_ = std::make_unique<DurableQueue>(host_, limits_, [this] { ++told_; });
    const auto opened = queue_->open(sequence, samples);
    ASSERT_TRUE(opened) << opened.error().message();
  }
  void append(const std::vector<uint64_t>& batch, int64_t now_ns = 0) {
    std::promise<Result<void>> kept;
    queue_->append(bytes_of(batch), now_ns, [&](Result<void> outcome) { kept.set_value(std::move(outcome)); });
    const auto outcome = kept.get_future().get();
    EXPECT_TRUE(outcome) << outcome.error().message();
  }
  /// Sequence numbers of all that is there, from `from`.
  std::vector<uint64_t> sequences(uint64_t from = 0) {
    std::vector<uint64_t> found;
    while (true) {
      auto entry = queue_->read(from);
      EXPECT_TRUE(entry) << entry.error().message();
      if (!entry || !*entry) return found;
      found.push_back((*entry)->sequence);
      from = (*entry)->sequence + 1;
    }
  }
  storage::testing::TempDir directory_;
  fake::FakeHost fake_;
  Host raw_host_{with_storage(fake_)};
  const Host& host_ = fake::attached(raw_host_);
  std::unique_ptr<test::StorageOfTest> storage_;
  QueueLimits limits_{uint64_t{64} << 20, 0};
  std::unique_ptr<DurableQueue> queue_;
  std::atomic<int> told_{0};

 private:
  static const tarsier_host* with_storage(fake::FakeHost& fake) {
    fake.storage = test::StorageOfTest::table();
    return fake.raw();
  }
};

TEST_F(DurableQueueTest, GivesBackTheSameBytesInOrder) {
  const auto first = samples_of(3, 1000, 1.5), second = samples_of(2, 2000, 2.5);
  append(first, 11);
  append(second, 12);
  queue_->wait_idle();
  EXPECT_EQ(told_, 2);
  auto entry = queue_->read(0);
  ASSERT_TRUE(entry && *entry);
  EXPECT_EQ((*entry)->sequence, 1U);
  EXPECT_EQ((*entry)->words, first);
  EXPECT_EQ((*entry)->head.appended_ns, 11);
  entry = queue_->read(2);
  ASSERT_TRUE(entry && *entry);
  EXPECT_EQ((*entry)->words, second);
  EXPECT_EQ((*entry)->head.samples_before, 3U);
  EXPECT_EQ((*entry)->head.samples_after(), 5U);
  entry = queue_->read(3);
  ASSERT_TRUE(entry);
  EXPECT_FALSE(*entry);
  EXPECT_EQ(queue_->samples(), 5U);
}

TEST_F(DurableQueueTest, GoesOnBehindWhatAKillLeft) {
  for (int i = 0; i < 5; ++i) append(samples_of(2, i, i));
  const std::string left = directory_.path() + ".left";
  test::copy_directory(directory_.path(), left);
  open(left);
  EXPECT_EQ(sequences(), (std::vector<uint64_t>{1, 2, 3, 4, 5}));
  EXPECT_EQ(queue_->samples(), 10U);
  append(samples_of(1, 9, 9));
  EXPECT_EQ(sequences(5), (std::vector<uint64_t>{5, 6}));
  std::filesystem::remove_all(left);
}

TEST_F(DurableQueueTest, NumbersAreNotUsedAgainWhenEverythingIsGone) {
  open(directory_.path(), 77);
  append(samples_of(1, 0, 0));
  EXPECT_EQ(sequences(), std::vector<uint64_t>{77});
}

TEST_F(DurableQueueTest, CountsOnFromWhatWasKnownBeforeAPowerCut) {
  open(directory_.path(), 9, 500);
  append(samples_of(3, 0, 0));
  auto entry = queue_->read(0);
  ASSERT_TRUE(entry && *entry);
  EXPECT_EQ((*entry)->sequence, 9U);
  EXPECT_EQ((*entry)->head.samples_before, 500U);
  EXPECT_EQ(queue_->samples(), 503U);
}

TEST_F(DurableQueueTest, GoesOnPastWhatIsDamaged) {
  append(samples_of(1, 0, 0));
  {
    auto env = open_env(host_, kActiveQueue, 0);
    ASSERT_TRUE(env);
    const std::string second = sequence_key(2), last = sequence_key(5);
    const tarsier_op ops[] = {put("batches", second, "no entry"), put("batches", last, "no entry either")};
    ASSERT_TRUE(env->write_wait(ops));
  }
  open(directory_.path());
  for (int i = 0; i < 4; ++i) append(samples_of(1, i, i));
  EXPECT_EQ(sequences(), (std::vector<uint64_t>{1, 2, 3, 4, 5})) << "written over";
  EXPECT_EQ(queue_->samples(), 5U);
  {
    auto env = open_env(host_, kActiveQueue, 0);
    ASSERT_TRUE(env);
    const std::string third = sequence_key(3);
    const tarsier_op op = put("batches", third, "no entry");
    ASSERT_TRUE(env->write_wait({&op, 1}));
  }
  EXPECT_EQ(sequences(), (std::vector<uint64_t>{1, 2, 4, 5}));
  EXPECT_EQ(queue_->damaged(), 1U);
}

TEST_F(DurableQueueTest, EndsFilesAndRemovesThoseThatNobodyNeeds) {
  limits_ = {uint64_t{64} << 20, 0};  // segments of 4 MiB
  open(directory_.path());
  while (queue_->segments() < 3) append(large_batch());
  const uint64_t count = queue_->next_sequence() - 1;
  EXPECT_EQ(sequences().size(), count);
  ASSERT_TRUE(queue_->maintain(2, 0));
  EXPECT_EQ(queue_->segments(), 3U) << "the first has an entry that is needed";
  ASSERT_TRUE(queue_->maintain(count, 0));
  EXPECT_EQ(queue_->segments(), 0U);
  EXPECT_EQ(sequences(count), std::vector<uint64_t>{count});
  open(directory_.path());
  EXPECT_EQ(sequences().back(), count);
}

TEST_F(DurableQueueTest, BeyondItsSizeTheOldestGoes) {
  limits_ = {uint64_t{16} << 20, 0};  // segments of 1 MiB
  open(directory_.path());
  for (int i = 0; i < 150; ++i) {
    append(large_batch());
    ASSERT_TRUE(queue_->maintain(0, 0));
    EXPECT_LE(queue_->bytes(), (uint64_t{16} << 20) + (uint64_t{2} << 20));
  }
  const auto left = sequences();
  EXPECT_GT(left.front(), 1U);
  EXPECT_EQ(left.back(), 150U);
  EXPECT_EQ(left.size(), 150 - left.front() + 1) << "what is left is without holes";
  EXPECT_FALSE(fake_.log.empty());
}

TEST_F(DurableQueueTest, BeyondItsAgeTheOldestGoes) {
  limits_ = {uint64_t{64} << 20, 100 * kSecond};
  open(directory_.path());
  while (queue_->segments() < 1) append(large_batch(), 1000 * kSecond);
  const uint64_t old = queue_->next_sequence();
  ASSERT_TRUE(queue_->maintain(0, 1050 * kSecond));
  EXPECT_EQ(queue_->segments(), 1U);
  ASSERT_TRUE(queue_->maintain(0, 1101 * kSecond));
  EXPECT_EQ(queue_->segments(), 0U);
  EXPECT_EQ(sequences(), std::vector<uint64_t>{old - 1});
}

TEST(QueueEntry, WhatIsCutOffIsCorrupt) {
  const auto batch = samples_of(3, 1000, 1.5);
  const std::string whole = encode_entry({5, 6, 3}, bytes_of(batch));
  ASSERT_TRUE(decode_entry(1, whole));
  for (size_t size = 0; size < whole.size(); ++size)
    EXPECT_EQ(decode_entry(1, whole.substr(0, size)).error().code(), TARSIER_CORRUPT) << size;
}

}  // namespace
}  // namespace tarsier::forward
