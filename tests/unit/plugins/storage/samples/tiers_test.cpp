// Tiers behind a store: what is kept when the samples are gone, and which of it a query gets.
#include <cmath>

#include "plugins/storage/samples/summaries.hpp"
#include "tier_fixture.hpp"

namespace tarsier::samples::test {
namespace {

const LabelSet kRequests = {{"__name__", "requests_total"}};
const LabelSet kLoad = {{"__name__", "load"}};

class TiersTest : public TierFixture {
 protected:
  void SetUp() override {
    options_.out_of_order_window_ns = INT64_MAX;
    options_.retention_ns = 2 * kDay;
    options_.merge_to_ns = 2 * kHourNs;
    options_.future_limit_ns = 0;
    options_.tiers = {{kFive, 16 * kDay}, {kHourNs, 0}};
    open();
  }
  /// Two hours of both series from `begin` on; the counter starts anew now and then.
  void put_window(int64_t begin) {
    std::vector<Point> counter, gauge;
    for (int64_t time = begin; time < begin + options_.partition_window_ns; time += every_ns_) {
      count_ = ++ticks_ % 311 == 0 ? 2 : count_ + 3;
      counter.push_back({time, count_});
      gauge.push_back({time, 0.25 * static_cast<double>((ticks_ * 2'654'435'761 >> 16) % 1001)});
    }
    ASSERT_TRUE(put(kRequests, counter).ok());
    ASSERT_TRUE(put(kLoad, gauge).ok());
    seal(begin + options_.partition_window_ns);
    raw_[kRequests].insert(raw_[kRequests].end(), counter.begin(), counter.end());
    raw_[kLoad].insert(raw_[kLoad].end(), gauge.begin(), gauge.end());
  }
  void put_windows(int count) {
    for (int window = 0; window < count; ++window) put_window(begin_ + window * options_.partition_window_ns);
  }
  /// Time does not pass for the retention without samples.
  void put_newest(int64_t time) { ASSERT_TRUE(put({{"__name__", "newest"}}, {{time, 1}}).ok()); }
  /// As the timers do.
  void pass(int64_t now) {
    put_newest(now);
    turn(now);
  }
  void turn(int64_t now) {
    const auto merged = store_->merge(now);
    ASSERT_TRUE(merged.ok()) << merged.error().message();
    store_->apply_retention(now);
  }
  /// Whatever the tiers: no sample is missing or counts twice, and the counter's increase is that of the samples.
  void expect_truth(const std::map<LabelSet, Brought>& found) {
    for (const auto& [labels, points] : raw_) {
      ASSERT_TRUE(found.contains(labels));
      const Columns& columns = found.at(labels).columns;
      double count = 0, sum = 0, expected_sum = 0, drops = 0, increase = 0;
      for (size_t row = 0; row < columns.size(); ++row) {
        const bool summed = row < columns.summaries.size();
        count += summed ? columns.summaries[row].count : 1;
        sum += summed ? columns.summaries[row].sum : columns.values[row];
        if (summed && row != 0) drops += columns.summaries[row].drop;
      }
      size_t from = 0;  // samples up to the first one that was brought are in its summary
      while (points[from].time != columns.times.front()) ++from;
      for (size_t i = 0; i < points.size(); ++i) {
        expected_sum += points[i].value;
        if (i > from) increase += points[i].value < points[i - 1].value ? points[i].value : points[i].value - points[i - 1].value;
      }
      EXPECT_EQ(count, static_cast<double>(points.size()));
      EXPECT_NEAR(sum, expected_sum, 1e-6 * expected_sum);
      EXPECT_EQ(columns.times.back(), points.back().time);
      if (labels == kRequests && found.at(labels).tier_ns != 0) {
        EXPECT_EQ(columns.values.back() - columns.values.front() + drops, increase);
      }
    }
  }
  TierStat tier(int64_t every) { return store_->stat()->tiers[every]; }
  uint64_t partitions() { return store_->stat()->partitions; }

  const int64_t begin_ = window_start(now_ - 40 * kDay, 4 * kDay);  // where windows of 2, 8, 24 and 32 hours begin
  int64_t every_ns_ = 30 * kSecondNs;
  double count_ = 0;
  int64_t ticks_ = 0;
  std::map<LabelSet, std::vector<Point>> raw_;
};

TEST_F(TiersTest, BringSamplesAsTheyAreWhileTheyLast) {
  put_windows(3);
  pass(begin_ + kDay);
  EXPECT_EQ(partitions(), 3U);
  EXPECT_TRUE(store_->stat()->tiers.empty());
  const auto found = bring(INT64_MIN, INT64_MAX, kDay, kDay);
  EXPECT_EQ(found.at(kLoad).tier_ns, 0);
  EXPECT_EQ(found.at(kLoad).columns.size(), 720U);
}

TEST_F(TiersTest, SumUpWhatReachesTheEndOfTheRetention) {
  put_windows(3);
  pass(begin_ + 4 * kHourNs + options_.retention_ns);
  EXPECT_EQ(partitions(), 1U);
  EXPECT_EQ(tier(kFive).partitions, 2U);
  const auto found = bring();
  EXPECT_EQ(found.at(kLoad).tier_ns, kFive);
  EXPECT_LT(found.at(kLoad).columns.size(), 240U + 52U);
  expect_truth(found);
  open();
  expect_truth(bring());
}

TEST_F(TiersTest, AreTheSummariesOfTheSamples) {
  put_windows(1);
  Columns raw, expected;
  for (const Point& point : raw_.at(kRequests)) raw.append({.time = point.time, .value = point.value});
  summarise(raw, kFive, expected);
  finish_summaries(expected);
  pass(begin_ + kDay + options_.retention_ns);
  const Columns found = bring().at(kRequests).columns;
  EXPECT_EQ(found.times, expected.times);
  EXPECT_EQ(found.values, expected.values);
  ASSERT_EQ(found.summaries.size(), expected.summaries.size());
  for (size_t row = 0; row < found.summaries.size(); ++row) {
    const Summary &one = found.summaries[row], &other = expected.summaries[row];
    EXPECT_EQ(std::tie(one.count, one.sum, one.min, one.max, one.drop),
              std::tie(other.count, other.sum, other.min, other.max, other.drop));
  }
}

TEST_F(TiersTest, ReachFromOneIntoTheNext) {
  put_windows(14);
  pass(begin_ + 8 * kHourNs + options_.retention_ns);
  expect_truth(bring());
  const int64_t end = begin_ + 20 * kHourNs + options_.tiers[0].retention_ns;
  pass(end);
  EXPECT_EQ(partitions(), 0U);
  EXPECT_GE(tier(kHourNs).partitions, 1U);
  expect_truth(bring());
  pass(end + 40 * kDay);
  EXPECT_EQ(tier(kFive).partitions, 0U);
  const auto found = bring();
  EXPECT_EQ(found.at(kLoad).tier_ns, kHourNs);
  expect_truth(found);
  open();
  expect_truth(bring());
}

TEST_F(TiersTest, AreChosenByTheStep) {
  options_.tiers = {{kFive, 8 * kDay}, {kHourNs, 0}};
  open();
  put_windows(16);
  // Partitions of 32 hours are the longest here; one is summed up for the next tier as soon as it is there.
  for (int i = 0; i < 2; ++i) pass(begin_ + 5 * kDay);
  ASSERT_EQ(partitions(), 0U);
  ASSERT_EQ(tier(kFive).partitions, 1U);
  ASSERT_EQ(tier(kHourNs).partitions, 1U);
  EXPECT_EQ(bring().at(kLoad).tier_ns, kFive);
  EXPECT_EQ(bring(INT64_MIN, INT64_MAX, kHourNs, 0).at(kLoad).tier_ns, kFive) << "an instant selector";
  EXPECT_EQ(bring(INT64_MIN, INT64_MAX, kHourNs, kFive).at(kLoad).tier_ns, kFive) << "a short window";
  EXPECT_EQ(bring(INT64_MIN, INT64_MAX, kHourNs, kHourNs).at(kLoad).tier_ns, kHourNs);
  for (const int64_t step : {int64_t{0}, kHourNs}) expect_truth(bring(INT64_MIN, INT64_MAX, step, step));
}

TEST_F(TiersTest, BringTheSummariesBeforeTheRangeToo) {
  put_windows(1);
  pass(begin_ + kDay + options_.retention_ns);
  const auto found = bring(begin_ + kHourNs, begin_ + kHourNs);
  ASSERT_EQ(found.at(kLoad).columns.size(), 3U);
  EXPECT_EQ(found.at(kLoad).columns.times.front(), begin_ + kHourNs - 2 * kFive);
}

TEST_F(TiersTest, LoseWhatIsDeletedAndNothingElse) {
  put_windows(1);
  pass(begin_ + kDay + options_.retention_ns);
  const size_t all = bring().at(kLoad).columns.size();
  const auto erase = [&](int64_t start, int64_t end) {
    return store_->delete_samples({{TARSIER_MATCH_EQUAL, "__name__", "load"}}, {start, end});
  };
  // Parts of two intervals: no summary of theirs is only of what is deleted.
  ASSERT_TRUE(erase(begin_ + kHourNs + kMinuteNs, begin_ + kHourNs + kFive + kMinuteNs).ok());
  EXPECT_EQ(bring().at(kLoad).columns.size(), all);
  // Everything up to the end of an interval; a range that begins after it is given the summaries before it, but not these.
  ASSERT_TRUE(erase(INT64_MIN, begin_ + kHourNs).ok());
  const size_t left = bring().at(kLoad).columns.size();
  EXPECT_LT(left, all);
  const int64_t after = begin_ + kHourNs + kMinuteNs;
  const auto found = bring(after, after + kFive);
  EXPECT_GT(found.at(kLoad).columns.times.front(), begin_ + kHourNs);
  EXPECT_EQ(bring(after, after + kFive).at(kRequests).columns.times.front(), begin_ + kHourNs - kFive);
  ASSERT_TRUE(store_->clean_deleted().ok());
  EXPECT_EQ(bring().at(kLoad).columns.size(), left);
}

TEST_F(TiersTest, KeepLateSamplesBesideTheSummaries) {
  put_windows(2);
  pass(begin_ + kDay + options_.retention_ns);
  ASSERT_EQ(partitions(), 0U);
  const int64_t late = begin_ + kHourNs + 7;
  ASSERT_TRUE(put({{"__name__", "late"}}, {{late, 1}, {late + 1, 2}}).ok());
  seal(begin_ + kDay);
  EXPECT_EQ(bring().at({{"__name__", "late"}}).columns.size(), 2U);
  expect_truth(bring());
  pass(begin_ + kDay + options_.retention_ns);
  EXPECT_EQ(partitions(), 0U);
  const Columns columns = bring().at({{"__name__", "late"}}).columns;
  ASSERT_EQ(columns.size(), 2U) << "the first sample, and both";
  EXPECT_EQ(columns.summaries[0].count, 0);
  EXPECT_EQ(columns.summaries[1].sum, 3);
  expect_truth(bring());
}

TEST_F(TiersTest, LoseNothingWhenThePowerGoesAtAnyStep) {
  put_windows(5);
  const int64_t now = begin_ + kDay + options_.retention_ns;
  put_newest(now);
  for (uint64_t changes = 0;; ++changes) {
    SCOPED_TRACE("power off after " + std::to_string(changes) + " changes");
    ASSERT_LT(changes, 200U);
    storage_.power_off_after(changes);
    const bool finished = store_->merge(now).ok() && storage_.powered();
    store_->apply_retention(now);
    expect_truth(bring());
    close();
    const bool whole = storage_.powered();
    storage_.power_on();
    open();
    expect_truth(bring());
    if (finished && whole) break;
  }
  pass(now);
  EXPECT_EQ(partitions(), 0U);
  expect_truth(bring());
}

TEST_F(TiersTest, RemoveSamplesOfWhichACrashLeftTheSummary) {
  put_windows(1);
  const int64_t now = begin_ + kDay + options_.retention_ns;
  put_newest(now);
  storage_.power_off_after(1);  // the summary is there, the samples too
  (void)store_->merge(now).ok();
  close();
  storage_.power_on();
  open();
  ASSERT_EQ(partitions(), 1U);
  ASSERT_EQ(tier(kFive).partitions, 1U);
  EXPECT_EQ(bring(INT64_MIN, INT64_MAX, kHourNs, kHourNs).at(kLoad).tier_ns, 0) << "samples are preferred";
  expect_truth(bring());
  pass(now);
  EXPECT_EQ(partitions(), 0U);
  EXPECT_EQ(store_->counters().summed_partitions.load(), 0U + tier(kHourNs).partitions) << "not summed up twice";
  expect_truth(bring());
}

TEST_F(TiersTest, SumUpWhatIsTooManyBytes) {
  options_.retention_ns = 0;
  options_.tiers = {{kFive, 0}};
  every_ns_ = 2 * kSecondNs;  // so that summaries are much smaller
  open();
  put_windows(3);
  const auto stat = store_->stat();
  options_.retention_bytes = stat->partition_bytes + stat->journal_bytes + stat->log_bytes - 1;
  open();
  turn(begin_ + kDay);
  EXPECT_EQ(partitions(), 2U);
  EXPECT_EQ(tier(kFive).partitions, 1U) << tier(kFive).bytes << " bytes instead of " << stat->partition_bytes / 3;
  expect_truth(bring());
  options_.retention_bytes = 1;
  open();
  for (int i = 0; i < 3; ++i) turn(begin_ + kDay);
  EXPECT_EQ(partitions(), 1U) << "the newest stays, whatever the limit";
  EXPECT_EQ(tier(kFive).partitions, 0U) << "the last tier goes by size, too";
}

TEST_F(TiersTest, DoNotKeepTheRetentionFromMakingRoomOnAFullDisk) {
  put_windows(3);
  storage_.refuse_seals(TARSIER_RESOURCE);
  const int64_t late = begin_ + 5 * kDay;
  put_newest(late);
  EXPECT_EQ(store_->merge(late).error().code(), TARSIER_RESOURCE);
  store_->apply_retention(late);
  EXPECT_EQ(partitions(), 0U);
  EXPECT_EQ(store_->counters().removed_unsummed_partitions, 3U);
  storage_.refuse_seals(TARSIER_OK);
  const int64_t begin = begin_ + 6 * kDay;
  put_window(begin);
  put_window(begin + options_.partition_window_ns);
  pass(begin + 5 * kDay);
  EXPECT_EQ(tier(kFive).partitions, 3U) << "as soon as there is room they are made again";
  EXPECT_EQ(store_->counters().removed_unsummed_partitions, 3U);
}

TEST_F(TiersTest, GoWhenTheirTimeIsOver) {
  options_.tiers = {{kFive, 8 * kDay}};
  open();
  put_windows(2);
  pass(begin_ + 3 * kDay);
  EXPECT_EQ(tier(kFive).partitions, 2U);
  pass(begin_ + 9 * kDay);
  EXPECT_EQ(tier(kFive).partitions, 0U);
  EXPECT_FALSE(bring().contains(kLoad));
}

TEST_F(TiersTest, AreLeftOutWhenNoneWouldKeepTheSamples) {
  options_.tiers = {{kFive, 8 * kDay}};
  open();
  put_windows(1);
  pass(begin_ + 30 * kDay);
  EXPECT_EQ(partitions(), 0U);
  EXPECT_TRUE(store_->stat()->tiers.empty());
}

TEST_F(TiersTest, StayWhenTheyAreNotConfiguredAnyMore) {
  put_windows(1);
  pass(begin_ + kDay + options_.retention_ns);
  options_.tiers.clear();
  open();
  pass(begin_ + 400 * kDay);
  expect_truth(bring());
}

TEST_F(TiersTest, WaitWhenTheyAreCancelled) {
  put_windows(1);
  store_->cancel_merge();
  pass(begin_ + kDay + options_.retention_ns);
  EXPECT_EQ(partitions(), 1U) << "what has no summary is not removed";
  expect_truth(bring());
}

TEST_F(TiersTest, SetADamagedPartitionAsideAndSumUpTheOthers) {
  put_windows(3);
  for (const std::string& name : storage_.names()) {
    Cover cover;
    if (parse_partition_name(name, cover) && cover.begin == begin_) storage_.damage(name, "chunks");
  }
  pass(begin_ + kDay + options_.retention_ns);
  EXPECT_EQ(store_->set_aside().size(), 1U);
  EXPECT_EQ(partitions(), 0U);
  EXPECT_EQ(bring().at(kLoad).columns.times.front(), begin_ + 2 * kHourNs);
}

TEST_F(TiersTest, SayWhenABlockOfThemIsDamaged) {
  options_.tiers = {{kFive, 0}};
  open();
  put_windows(1);
  pass(begin_ + kDay + options_.retention_ns);
  ASSERT_EQ(tier(kFive).partitions, 1U);
  for (const std::string& name : storage_.names()) {
    Cover cover;
    if (parse_partition_name(name, cover)) storage_.damage(name, "sums");
  }
  EXPECT_FALSE(bring().contains(kLoad));
  ASSERT_EQ(warnings_.size(), 1U);
  EXPECT_EQ(store_->set_aside().size(), 1U);
}

}  // namespace
}  // namespace tarsier::samples::test
