// Merging of partitions behind a store: answers stay what they were, whatever happens on the way.
#include "store_fixture.hpp"

namespace tarsier::samples::test {
namespace {

const LabelSet kUp = {{"__name__", "up"}, {"job", "node"}};
const LabelSet kLoad = {{"__name__", "load"}, {"job", "node"}};

class MergingTest : public StoreFixture {
 protected:
  void SetUp() override {
    options_.out_of_order_window_ns = INT64_MAX;
    open();
  }
  /// A partition for each window of two hours, each with `up` and a series of its own.
  void seal_windows(int count) {
    for (int window = 0; window < count; ++window) {
      const int64_t time = begin_ + window * options_.partition_window_ns;
      ASSERT_TRUE(put(kUp, {{time, 1.0 * window}, {time + kMinuteNs, 2.0 * window}}).ok());
      ASSERT_TRUE(put({{"__name__", "once"}, {"window", std::to_string(window)}}, {{time + kSecondNs, 7}}).ok());
      seal();
    }
  }
  uint64_t partitions() { return store_->stat()->partitions; }
  void merge() {
    const auto merged = store_->merge(now_);
    ASSERT_TRUE(merged.ok()) << merged.error().message();
  }

  const int64_t begin_ = window_start(now_ - 48 * kHourNs, 24 * kHourNs);
};

TEST_F(MergingTest, MakesOnePartitionOfADay) {
  seal_windows(13);
  const Found before = all();
  const auto stat = store_->stat();
  merge();
  EXPECT_EQ(partitions(), 2U);
  EXPECT_EQ(store_->stat()->partition_samples, stat->partition_samples);
  EXPECT_LT(store_->stat()->partition_series, stat->partition_series);
  EXPECT_EQ(all(), before);
  EXPECT_EQ(find({{TARSIER_MATCH_EQUAL, "window", "3"}}).size(), 1U);
  EXPECT_EQ(find({}, begin_ + 5 * kHourNs, begin_ + 6 * kHourNs + kSecondNs).size(), 2U);
  EXPECT_EQ(values("window").size(), 13U);
  open();
  EXPECT_EQ(partitions(), 2U);
  EXPECT_EQ(all(), before);
}

TEST_F(MergingTest, KeepsTheSampleThatWasSealedFirst) {
  ASSERT_TRUE(put(kUp, {{begin_, 1}, {begin_ + 1, 1}}).ok());
  seal();
  open();  // the newest sample of a series in a partition is not known from now on
  ASSERT_TRUE(put(kUp, {{begin_ + 1, 2}, {begin_ + 2, 2}}).ok());
  seal();
  const Found expected = {{kUp, {{begin_, 1}, {begin_ + 1, 1}, {begin_ + 2, 2}}}};
  EXPECT_EQ(all(), expected);
  merge();
  EXPECT_EQ(partitions(), 1U);
  EXPECT_EQ(all(), expected);
}

TEST_F(MergingTest, TakesUpLateSamplesOfAMergedDay) {
  seal_windows(12);
  merge();
  ASSERT_TRUE(put(kLoad, {{begin_ + kHourNs, 5}}).ok());
  seal();
  ASSERT_TRUE(put(kLoad, {{begin_ + 9 * kHourNs, 6}, {begin_ + 9 * kHourNs + 1, 6}}).ok());
  seal();
  const Found before = all();
  merge();
  EXPECT_LE(partitions(), 2U);
  EXPECT_EQ(all(), before);
}

TEST_F(MergingTest, LosesNothingWhenThePowerGoesAtAnyStep) {
  seal_windows(5);
  const Found before = all();
  for (uint64_t changes = 0;; ++changes) {
    SCOPED_TRACE("power off after " + std::to_string(changes) + " changes");
    ASSERT_LT(changes, 100U);
    storage_.power_off_after(changes);
    const bool finished = store_->merge(now_).ok() && storage_.powered();
    ASSERT_EQ(all(), before) << "still running";
    close();
    const bool whole = storage_.powered();
    storage_.power_on();
    open();
    ASSERT_EQ(all(), before) << "after the restart";
    if (finished && whole) break;
  }
  EXPECT_EQ(partitions(), 1U);
  for (const std::string& name : storage_.names()) {
    Cover cover;
    if (!parse_partition_name(name, cover)) continue;
    EXPECT_EQ(cover.begin, begin_) << name << " was left";
  }
}

TEST_F(MergingTest, SetsADamagedInputAsideAndMergesTheRest) {
  seal_windows(4);
  std::vector<std::string> names;
  for (const std::string& name : storage_.names()) {
    Cover cover;
    if (parse_partition_name(name, cover)) names.push_back(name);
  }
  ASSERT_EQ(names.size(), 4U);
  storage_.damage(names[0], "chunks");
  merge();
  EXPECT_EQ(store_->set_aside().size(), 1U);
  EXPECT_EQ(partitions(), 1U);
  EXPECT_TRUE(storage_.exists(names[0])) << "it is kept";
  EXPECT_FALSE(storage_.exists(names[1]));
  const Found found = all();
  EXPECT_EQ(found.at(kUp).size(), 6U);
  open();
  EXPECT_TRUE(storage_.exists(names[0])) << "it is kept over a restart";
}

TEST_F(MergingTest, LeavesWholePartitionsToTheRetention) {
  seal_windows(16);  // a day, and eight hours of the next
  merge();
  ASSERT_EQ(partitions(), 2U);
  const int64_t newest = begin_ + 22 * kHourNs + kMinuteNs;  // of the day
  options_.retention_ns = 20 * kHourNs;
  open();
  ASSERT_TRUE(put({{"__name__", "later"}}, {{newest + options_.retention_ns + 1, 1}}).ok());
  store_->apply_retention(newest + options_.retention_ns);
  EXPECT_EQ(partitions(), 2U) << "the day's newest sample is not too old";
  store_->apply_retention(newest + options_.retention_ns + 1);
  EXPECT_EQ(partitions(), 1U);
  EXPECT_EQ(find({{TARSIER_MATCH_EQUAL, "__name__", "up"}}).at(kUp).size(), 8U);
}

TEST_F(MergingTest, LeavesTheOldestToTheRetentionBySize) {
  seal_windows(16);
  merge();
  const auto stat = store_->stat();
  options_.retention_ns = 0;
  options_.retention_bytes = stat->partition_bytes + stat->journal_bytes - 1;
  open();
  store_->apply_retention(now_);
  EXPECT_EQ(partitions(), 1U);
  EXPECT_EQ(all().at(kUp).front().time, begin_ + 24 * kHourNs);
  store_->apply_retention(now_);
  EXPECT_EQ(partitions(), 1U);
}

TEST_F(MergingTest, RemovesAnInputThatACrashLeftEvenWhenItIsDamaged) {
  seal_windows(3);
  const Found before = all();
  storage_.power_off_after(1);  // the merged one is there, its inputs too
  (void)store_->merge(now_).ok();
  close();
  storage_.power_on();
  std::vector<std::string> names;
  for (const std::string& name : storage_.names()) {
    Cover cover;
    if (parse_partition_name(name, cover) && cover.end - cover.begin == options_.partition_window_ns) names.push_back(name);
  }
  ASSERT_FALSE(names.empty());
  storage_.damage(names.front(), "info");
  open();
  EXPECT_TRUE(store_->set_aside().empty());
  EXPECT_FALSE(storage_.exists(names.front()));
  EXPECT_EQ(all(), before);
}

TEST_F(MergingTest, TakesThePlaceOfItsInputsWhenItCanBeOpenedAgain) {
  seal_windows(3);
  const Found before = all();
  const auto inputs = storage_.names();
  storage_.power_off_after(1);  // the merged one is there, its inputs too
  (void)store_->merge(now_).ok();
  close();
  storage_.power_on();
  std::string merged;
  for (const std::string& name : storage_.names()) {
    if (std::find(inputs.begin(), inputs.end(), name) == inputs.end()) merged = name;
  }
  storage_.refuse_opens(TARSIER_RESOURCE, merged);
  open();
  EXPECT_EQ(difference(all(), before), "") << "the inputs have it all";
  merge();
  EXPECT_EQ(partitions(), 3U) << "nothing is made in its place";
  storage_.refuse_opens(TARSIER_OK);
  EXPECT_EQ(store_->open_again(now_), 0U);
  EXPECT_EQ(difference(all(), before), "");
  EXPECT_EQ(partitions(), 1U);
  EXPECT_TRUE(storage_.exists(merged));
}

TEST_F(MergingTest, EndsWhenItIsCancelled) {
  seal_windows(4);
  store_->cancel_merge();
  merge();
  EXPECT_EQ(partitions(), 4U);
}

TEST_F(MergingTest, KeepsStartsAndEveryBit) {
  const double stale = std::bit_cast<double>(0x7ff0000000000002ULL);
  const int64_t window = options_.partition_window_ns;
  ASSERT_TRUE(put(kUp, {{begin_, 1, 5}, {begin_ + 1, stale, 5}, {begin_ + 2, -0.0, 6}}).ok());
  seal();
  ASSERT_TRUE(put(kUp, {{begin_ + window, 0.1}, {begin_ + window + 1, 1e300}}).ok());
  seal();
  const Found before = all();
  merge();
  EXPECT_EQ(partitions(), 1U);
  EXPECT_EQ(all(), before);
}

}  // namespace
}  // namespace tarsier::samples::test
