// Queries over series of which old samples are summaries: what comes out is what the samples would give, as far as that is
// possible.
#include "plugins/query/promql/exec/summaries.hpp"

#include <cmath>
#include <gtest/gtest.h>

#include "plugins/query/promql/exec/engine.hpp"
#include "tests/conformance/memory_store.hpp"

namespace tarsier::promql {
namespace {

constexpr int64_t kSecond = 1'000'000'000;
constexpr int64_t kMinute = 60 * kSecond;
constexpr int64_t kTier = 5 * kMinute;

/// One series, of which everything up to a time is summed up.
class SummedStore {
 public:
  struct Columns {
    std::vector<int64_t> times;
    std::vector<double> values, counts, sums, mins, maxs, drops;
    void add(int64_t time, double value, double count, double sum, double min, double max, double drop) {
      times.push_back(time);
      for (const auto& [column, number] : {std::pair{&values, value}, std::pair{&counts, count}, std::pair{&sums, sum},
                                           std::pair{&mins, min}, std::pair{&maxs, max}, std::pair{&drops, drop}})
        column->push_back(number);
    }
  };

  SummedStore(std::string name, const std::vector<std::pair<int64_t, double>>& samples, int64_t until) : name_(std::move(name)) {
    double before = samples.front().second;
    for (const auto& [time, value] : samples) {
      const double drop = value < before ? before : 0;
      const bool stale = is_absent(value);
      const int64_t interval = (time + kTier - 1) / kTier;
      const bool joins =
          time <= until && !columns_.times.empty() && (columns_.times.back() + kTier - 1) / kTier == interval && !stale;
      if (stale) {
        columns_.add(time, value, 0, 0, NAN, NAN, 0);
        continue;
      }
      before = value;
      if (columns_.times.empty()) {  // the first sample counts in the summary after it
        columns_.add(time, value, 0, 0, value, value, 0);
        continue;
      }
      if (columns_.times.size() == 1) {
        const double first = columns_.values[0];
        columns_.add(time, value, 2, first + value, std::min(first, value), std::max(first, value), drop);
        continue;
      }
      if (!joins) {
        columns_.add(time, value, 1, value, value, value, drop);
        continue;
      }
      columns_.times.back() = time;
      columns_.values.back() = value;
      columns_.counts.back() += 1;
      columns_.sums.back() += value;
      columns_.mins.back() = std::min(columns_.mins.back(), value);
      columns_.maxs.back() = std::max(columns_.maxs.back(), value);
      columns_.drops.back() += drop;
    }
    table_.size = sizeof(table_);
    table_.self = this;
    table_.select = select;
  }
  const tarsier_samples_store* table() const { return &table_; }
  int64_t asked_step_ns() const { return asked_step_ns_; }

 private:
  static tarsier_status select(void* self, const tarsier_select* request, void* user,
                               int32_t (*on_series)(void*, const tarsier_series*), tarsier_error*) {
    auto& store = *static_cast<SummedStore*>(self);
    store.asked_step_ns_ = request->step_ns;
    const Columns& all = store.columns_;
    const auto first = static_cast<size_t>(std::lower_bound(all.times.begin(), all.times.end(), request->start_ns - 2 * kTier) -
                                           all.times.begin());
    const auto last =
        static_cast<size_t>(std::upper_bound(all.times.begin(), all.times.end(), request->end_ns) - all.times.begin());
    if (first >= last) return TARSIER_OK;
    const tarsier_pair name = {str("__name__"), str(store.name_)};
    tarsier_series series{};
    series.size = sizeof(series);
    series.label_count = 1;
    series.labels = &name;
    series.series_id = 1;
    series.sample_count = last - first;
    series.times_ns = all.times.data() + first;
    series.values = all.values.data() + first;
    series.tier_ns = kTier;
    series.counts = all.counts.data() + first;
    series.sums = all.sums.data() + first;
    series.mins = all.mins.data() + first;
    series.maxs = all.maxs.data() + first;
    series.drops = all.drops.data() + first;
    on_series(user, &series);
    return TARSIER_OK;
  }

  std::string name_;
  Columns columns_;
  tarsier_samples_store table_{};
  int64_t asked_step_ns_ = 0;
};

struct Answered {
  Column values;
  std::vector<std::string> infos;
};

Answered ask(const tarsier_samples_store& store, std::string_view expression, int64_t start, int64_t end, int64_t step) {
  Engine engine({}, [] { return int64_t{0}; });
  QueryRequest request;
  request.expression = expression;
  request.start_ns = start;
  request.end_ns = end;
  request.step_ns = step;
  Answered answered;
  const auto outcome = engine.query(store, request, [&](const QueryAnswer& answer) {
    const size_t steps = static_cast<size_t>((end - start) / step) + 1;
    if (!answer.series.empty())
      for (size_t i = 0; i < steps; ++i) answered.values.push_back(answer.series[0].at(i));
    answered.infos = answer.infos;
  });
  EXPECT_TRUE(outcome.ok()) << outcome.error().message();
  return answered;
}

/// Five hours, a sample every 15 seconds that is no multiple of them; resets now and then.
std::vector<std::pair<int64_t, double>> counter_samples() {
  std::vector<std::pair<int64_t, double>> samples;
  double value = 0;
  for (int64_t i = 0; i < 1200; ++i) {
    value = i % 217 == 200 ? 1 : value + 2;
    samples.emplace_back((i * 15 + 7) * kSecond, value);
  }
  return samples;
}
std::vector<std::pair<int64_t, double>> gauge_samples() {
  std::vector<std::pair<int64_t, double>> samples;
  for (int64_t i = 0; i < 1200; ++i) samples.emplace_back((i * 15 + 7) * kSecond, std::sin(static_cast<double>(i) / 40) * 100);
  return samples;
}

class SummariesTest : public testing::Test {
 protected:
  static test::MemoryStore plain(const std::string& name, const std::vector<std::pair<int64_t, double>>& samples) {
    test::MemoryStore store;
    for (const auto& [time, value] : samples) store.add({{"__name__", name}}, time, value);
    return store;
  }
  /// Both answers of a range query over hours 1 to 5, a step an hour or `step`.
  static void expect_same(const std::string& expression, double tolerance, int64_t until = 18'000 * kSecond,
                          int64_t step = 60 * kMinute) {
    const auto samples = expression.find("x_total") != std::string::npos ? counter_samples() : gauge_samples();
    const std::string name = expression.find("x_total") != std::string::npos ? "x_total" : "g";
    const auto raw = plain(name, samples);
    const SummedStore summed(name, samples, until);
    const Answered expected = ask(*raw.table(), expression, 3600 * kSecond, 18'000 * kSecond, step);
    const Answered found = ask(*summed.table(), expression, 3600 * kSecond, 18'000 * kSecond, step);
    ASSERT_EQ(found.values.size(), expected.values.size()) << expression;
    ASSERT_FALSE(expected.values.empty());
    for (size_t i = 0; i < expected.values.size(); ++i)
      EXPECT_NEAR(found.values[i], expected.values[i], tolerance * std::fabs(expected.values[i]) + 1e-9) << expression << " " << i;
    EXPECT_TRUE(found.infos.empty()) << found.infos[0];
  }
};

TEST_F(SummariesTest, GiveWhatTheSamplesGive) {
  for (const char* function : {"sum", "count", "min", "max", "avg", "last", "present"})
    expect_same(std::string(function) + "_over_time(g[1h])", 1e-12);
  expect_same("ts_of_last_over_time(g[1h])", 0);
}

TEST_F(SummariesTest, GiveTheRateOfACounterWithResets) {
  expect_same("rate(x_total[1h])", 0.01);
  expect_same("increase(x_total[1h])", 0.01);
  expect_same("increase(x_total[2h])", 0.01);
}

TEST_F(SummariesTest, GiveTheIncreaseOfASeriesThatEndsWithinOne) {
  auto samples = counter_samples();
  samples.resize(10);
  const SummedStore summed("x_total", samples, 18'000 * kSecond);
  const Answered found = ask(*summed.table(), "increase(x_total[10m])", 600 * kSecond, 600 * kSecond, kSecond);
  ASSERT_EQ(found.values.size(), 1U);
  EXPECT_NEAR(found.values[0], 18 + 18 / 2 + 2, 2);
}

TEST_F(SummariesTest, GiveTheSameAcrossTheBorderToTheSamples) {
  for (const int64_t until : {5400 * kSecond, 9000 * kSecond, 10'000 * kSecond}) {
    expect_same("sum_over_time(g[1h])", 1e-12, until);
    expect_same("max_over_time(g[1h])", 1e-12, until);
    expect_same("rate(x_total[1h])", 0.01, until);
  }
}

TEST_F(SummariesTest, LeaveSamplesBehindThemAsTheyAre) {
  const auto samples = counter_samples();
  const auto raw = plain("x_total", samples);
  const SummedStore summed("x_total", samples, 3600 * kSecond);
  for (const char* expression : {"rate(x_total[1m])", "x_total", "stddev_over_time(x_total[2m])", "irate(x_total[1m])"}) {
    const Answered expected = ask(*raw.table(), expression, 7200 * kSecond, 9000 * kSecond, 15 * kSecond);
    const Answered found = ask(*summed.table(), expression, 7200 * kSecond, 9000 * kSecond, 15 * kSecond);
    ASSERT_EQ(found.values.size(), expected.values.size());
    for (size_t i = 0; i < expected.values.size(); ++i) EXPECT_EQ(found.values[i], expected.values[i]) << expression << " " << i;
    EXPECT_TRUE(found.infos.empty());
  }
}

TEST_F(SummariesTest, LookBackAsFarAsTheyReach) {
  const SummedStore summed("g", gauge_samples(), 18'000 * kSecond);
  const Answered found = ask(*summed.table(), "g", 3600 * kSecond, 7200 * kSecond, 30 * kSecond);
  ASSERT_EQ(found.values.size(), 121U);
  for (const double value : found.values) EXPECT_TRUE(is_present(value));
  const Answered short_lookback = ask(*summed.table(), "timestamp(g)", 3600 * kSecond, 3600 * kSecond, kSecond);
  ASSERT_EQ(short_lookback.values.size(), 1U);
  EXPECT_EQ(short_lookback.values[0], 3592);
}

TEST_F(SummariesTest, EndAtAStalenessMarker) {
  auto samples = gauge_samples();
  samples.resize(600);
  samples.emplace_back(samples.back().first + 15 * kSecond, kNothing);
  const SummedStore summed("g", samples, 18'000 * kSecond);
  const Answered found = ask(*summed.table(), "g", 8700 * kSecond, 9300 * kSecond, 300 * kSecond);
  ASSERT_EQ(found.values.size(), 3U);
  EXPECT_TRUE(is_present(found.values[0]));
  EXPECT_TRUE(is_absent(found.values[2]));
  EXPECT_EQ(ask(*summed.table(), "count_over_time(g[1h])", 9300 * kSecond, 9300 * kSecond, kSecond).values, Column{220});
}

TEST_F(SummariesTest, WidenShortWindowsAndSaySo) {
  const auto samples = counter_samples();
  const SummedStore summed("x_total", samples, 18'000 * kSecond);
  const Answered found = ask(*summed.table(), "rate(x_total[1m])", 3600 * kSecond, 4000 * kSecond, 100 * kSecond);
  ASSERT_EQ(found.values.size(), 5U);
  EXPECT_NEAR(found.values[0], 2.0 / 15, 0.05 / 15);
  ASSERT_EQ(found.infos.size(), 1U);
  EXPECT_EQ(found.infos[0], "PromQL info: the range 1m is widened to the summaries of 5m (1:1)");
}

TEST_F(SummariesTest, SayOnceWhatTheyCannotAnswer) {
  const SummedStore summed("g", gauge_samples(), 18'000 * kSecond);
  const Answered found = ask(*summed.table(), "quantile_over_time(0.5, g[1h])", 3600 * kSecond, 18'000 * kSecond, 3600 * kSecond);
  EXPECT_EQ(found.values.size(), 5U);
  ASSERT_EQ(found.infos.size(), 1U);
  EXPECT_EQ(found.infos[0], "PromQL info: quantile_over_time() is answered from the last values of summaries of 5m (1:1)");
}

TEST_F(SummariesTest, CountResetsAndChangesOnceEach) {
  const auto samples = counter_samples();
  const SummedStore summed("x_total", samples, 18'000 * kSecond);
  const Answered found = ask(*summed.table(), "resets(x_total[1h])", 7200 * kSecond, 7200 * kSecond, kSecond);
  EXPECT_EQ(found.values, Column{1});
  ASSERT_EQ(found.infos.size(), 1U);
  EXPECT_EQ(found.infos[0], "PromQL info: resets() counts once at most in each of the summaries of 5m (1:1)");
  EXPECT_EQ(ask(*summed.table(), "changes(x_total[1h])", 7200 * kSecond, 7200 * kSecond, kSecond).values, Column{12});
}

TEST_F(SummariesTest, AreCutToTheRangeInARangeVector) {
  const SummedStore summed("g", gauge_samples(), 18'000 * kSecond);
  Engine engine({}, [] { return int64_t{0}; });
  QueryRequest request;
  request.expression = "g[10m]";
  request.start_ns = 3600 * kSecond;
  const auto outcome = engine.query(*summed.table(), request, [](const QueryAnswer& answer) {
    ASSERT_EQ(answer.matrix.size(), 1U);
    EXPECT_EQ(answer.matrix[0].times_ns, (std::vector<int64_t>{3292 * kSecond, 3592 * kSecond}));
    EXPECT_EQ(answer.infos.size(), 1U);
  });
  EXPECT_TRUE(outcome.ok()) << outcome.error().message();
}

TEST_F(SummariesTest, AreAskedForByTheStepOfASubquery) {
  const SummedStore summed("x_total", counter_samples(), 18'000 * kSecond);
  (void)ask(*summed.table(), "max_over_time(rate(x_total[10m])[1h:5m])", 3600 * kSecond, 18'000 * kSecond, 3600 * kSecond);
  EXPECT_EQ(summed.asked_step_ns(), 300 * kSecond);
}

}  // namespace
}  // namespace tarsier::promql
