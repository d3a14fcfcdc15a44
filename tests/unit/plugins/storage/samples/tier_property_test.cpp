// Tiers against a simple model: samples in and out of order, some very late, deletions of whole intervals, flushes, seals, merges,
// restarts, while the clock goes on for weeks; whatever tier a query is answered from, no sample is missing or counts twice.
#include <cmath>
#include <cstdlib>
#include <random>

#include "tier_fixture.hpp"

namespace tarsier::samples::test {
namespace {

constexpr int kCounters = 3;
constexpr int kGauges = 4;

/// What a query can be asked of a span of time.
struct Totals {
  double count = 0, sum = 0, min = INFINITY, max = -INFINITY, last = NAN;
  int64_t last_time = INT64_MIN;
  void add(int64_t time, const Summary& part, double value) {
    count += part.count, sum += part.sum, min = std::min(min, part.min), max = std::max(max, part.max);
    if (time < last_time) return;
    last = value, last_time = time;
  }
};

class TierPropertyTest : public TierFixture {
 protected:
  using Series = std::map<int64_t, double>;

  void SetUp() override {
    options_.out_of_order_window_ns = INT64_MAX;
    options_.retention_ns = 2 * kDay;
    options_.merge_to_ns = 8 * kHourNs;
    options_.tiers = {{kFive, 8 * kDay}, {kHourNs, 0}};
    open();
  }
  static LabelSet counter(int number) { return {{"__name__", "requests_total"}, {"i", std::to_string(number)}}; }
  static LabelSet gauge(int number) { return {{"__name__", "load"}, {"i", std::to_string(number)}}; }

  int64_t random_below(int64_t most) { return static_cast<int64_t>(random_() % static_cast<uint64_t>(most)); }

  /// Counters come in order and start anew now and then. A counter that pauses ends within an interval, or leaves some out.
  void add_counters(batch::SamplesBuilder& builder) {
    for (int number = 0; number < kCounters; ++number) {
      if (random_() % 7 == 0) continue;
      Series& series = model_[counter(number)];
      std::vector<Point> points;
      int64_t time = std::max(now_ - 9 * kMinuteNs, series.empty() ? INT64_MIN : series.rbegin()->first + kSecondNs);
      for (; time < now_; time += (20 + random_below(200)) * kSecondNs) {
        const double before = series.empty() ? 0 : series.rbegin()->second;
        const double value = random_() % 40 == 0 ? static_cast<double>(random_() % 3) : before + static_cast<double>(random_() % 9);
        points.push_back({time, value});
        series[time] = value;
      }
      if (!points.empty()) add(builder, counter(number), points);
    }
  }
  /// Gauges come in any order, most of them soon, some when their time is summed up already. No time comes twice.
  void add_gauges(batch::SamplesBuilder& builder) {
    for (int number = 0; number < kGauges; ++number) {
      const int64_t late = random_() % 12 == 0 ? 20 * kDay : random_() % 4 == 0 ? 3 * kHourNs : 10 * kMinuteNs;
      std::vector<Point> points;
      for (uint64_t i = 0; i < random_() % 5; ++i) {
        const int64_t time = now_ - random_below(late / kMillisecond) * kMillisecond;
        if (!used_[number].insert(time).second) continue;
        const double value = random_() % 50 == 0 ? stale() : static_cast<double>(random_below(20'001) - 10'000) / 8;
        points.push_back({time, value});
        model_[gauge(number)][time] = value;
      }
      if (!points.empty()) add(builder, gauge(number), points);
    }
  }
  static double stale() { return std::bit_cast<double>(uint64_t{0x7ff0000000000002}); }

  void write_some() {
    batch::SamplesBuilder builder;
    add_counters(builder);
    add_gauges(builder);
    const Result<void> outcome = write_wait(builder);
    ASSERT_TRUE(outcome.ok()) << outcome.error().message();
  }
  /// Whole hours: of a summary that is partly in the range nothing is deleted.
  void delete_some() {
    const int64_t start = window_start(now_ - random_below(20 * kDay), kHourNs);
    const int64_t end = start + (1 + random_below(30)) * kHourNs;
    const int number = static_cast<int>(random_() % kGauges);
    const auto deleted = store_->delete_samples(
        {{TARSIER_MATCH_EQUAL, "__name__", "load"}, {TARSIER_MATCH_EQUAL, "i", std::to_string(number)}}, {start + 1, end});
    ASSERT_TRUE(deleted.ok()) << deleted.error().message();
    Series& series = model_[gauge(number)];
    series.erase(series.upper_bound(start), series.upper_bound(end));
  }
  void work() {
    const auto one_in = [this](uint64_t many) { return random_() % many == 0; };
    const auto expect = [](const Result<void>& done) { ASSERT_TRUE(done.ok()) << done.error().message(); };
    if (one_in(4)) expect(store_->flush());
    if (one_in(6)) expect(store_->maintain(now_));
    if (one_in(8)) expect(store_->merge_segments());
    if (one_in(9)) expect(store_->merge(now_));
    if (one_in(60)) seal();
    if (one_in(70)) open();
    if (one_in(40)) delete_some();
    if (one_in(90)) expect(store_->clean_deleted());
  }

  /// Of (start, end].
  static Totals totals_of(const Series& series, int64_t start, int64_t end) {
    Totals totals;
    for (auto at = series.upper_bound(start); at != series.end() && at->first <= end; ++at) {
      if (!std::isnan(at->second)) totals.add(at->first, {1, at->second, at->second, at->second, 0}, at->second);
    }
    return totals;
  }
  static Totals totals_of(const Columns& columns, int64_t start, int64_t end) {
    Totals totals;
    for (size_t row = 0; row < columns.size(); ++row) {
      const double value = columns.values[row];
      if (columns.times[row] <= start || columns.times[row] > end || std::isnan(value)) continue;
      const Summary part = columns.summaries.empty() ? Summary{1, value, value, value, 0} : columns.summaries[row];
      if (part.count != 0) totals.add(columns.times[row], part, value);
    }
    return totals;
  }
  void expect_totals(const std::map<LabelSet, Brought>& found, int64_t start, int64_t end) {
    for (const auto& [labels, series] : model_) {
      const Totals expected = totals_of(series, start, end);
      const auto brought = found.find(labels);
      const Totals totals = brought == found.end() ? Totals{} : totals_of(brought->second.columns, start, end);
      ASSERT_EQ(totals.count, expected.count) << labels.at("__name__") << labels.at("i");
      if (expected.count == 0) continue;
      ASSERT_NEAR(totals.sum, expected.sum, 1e-9 * (1 + expected.count * 1250));
      ASSERT_EQ(totals.min, expected.min);
      ASSERT_EQ(totals.max, expected.max);
      ASSERT_EQ(totals.last_time, expected.last_time);
      ASSERT_EQ(totals.last, expected.last);
    }
  }
  /// Of all that a counter has: the difference of its values, and what it lost at its resets.
  void expect_increases(const std::map<LabelSet, Brought>& found) {
    for (int number = 0; number < kCounters; ++number) {
      const Series& series = model_[counter(number)];
      const auto brought = found.find(counter(number));
      ASSERT_TRUE(brought != found.end());
      const Columns& columns = brought->second.columns;
      ASSERT_EQ(columns.times.front(), series.begin()->first) << "the first sample is kept";
      double expected = 0, drops = 0;
      for (auto at = series.begin(), next = std::next(at); next != series.end(); at = next++)
        expected += next->second < at->second ? next->second : next->second - at->second;
      for (size_t row = 1; row < columns.summaries.size(); ++row) drops += columns.summaries[row].drop;
      if (columns.summaries.empty()) {
        for (size_t row = 1; row < columns.size(); ++row)
          drops += columns.values[row] < columns.values[row - 1] ? columns.values[row - 1] : 0;
      }
      ASSERT_EQ(columns.values.back() - columns.values.front() + drops, expected) << "counter " << number;
    }
  }
  void check() {
    const int64_t steps[] = {0, kFive, kHourNs};
    const int64_t step = steps[random_() % std::size(steps)];
    const auto found = bring(INT64_MIN, INT64_MAX, step, step);
    ASSERT_TRUE(warnings_.empty());
    ASSERT_NO_FATAL_FAILURE(expect_totals(found, INT64_MIN, INT64_MAX));
    ASSERT_NO_FATAL_FAILURE(expect_increases(found));
    for (const auto& [labels, one] : found) ++tiers_seen_[one.tier_ns];
    const int64_t start = window_start(now_ - random_below(25 * kDay), kHourNs), end = start + (1 + random_below(100)) * kHourNs;
    ASSERT_NO_FATAL_FAILURE(expect_totals(bring(start + 1, end, step, step), start, end));
  }

  std::mt19937_64 random_{5};
  std::map<LabelSet, Series> model_;
  std::map<int, std::set<int64_t>> used_;
  std::map<int64_t, int> tiers_seen_;
};

TEST_F(TierPropertyTest, AgreeWithTheModelOverWritesDeletionsSealsMergesAndRestarts) {
  const int steps = std::getenv("TARSIER_LONG") != nullptr ? 30'000 : 3'000;
  for (int step = 0; step < steps; ++step) {
    SCOPED_TRACE("step " + std::to_string(step));
    now_ += (2 + random_below(14)) * kMinuteNs;
    ASSERT_NO_FATAL_FAILURE(write_some());
    ASSERT_NO_FATAL_FAILURE(work());
    if (step % 40 != 39) continue;
    ASSERT_NO_FATAL_FAILURE(check());
  }
  EXPECT_GT(tiers_seen_[kFive], 0);
  EXPECT_GT(tiers_seen_[kHourNs], 0);
  EXPECT_GT(store_->stat()->tiers[kHourNs].partitions, 0U);
}

}  // namespace
}  // namespace tarsier::samples::test
