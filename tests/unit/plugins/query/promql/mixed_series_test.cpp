#include "plugins/query/promql/exec/mixed_series.hpp"

#include <gtest/gtest.h>

#include "plugins/query/promql/exec/engine.hpp"
#include "tests/conformance/memory_store.hpp"
#include "tests/unit/plugins/query/promql/histogram/written.hpp"

namespace tarsier::promql {
namespace {

constexpr int64_t kMinute = 60'000'000'000;

/// A series of histograms as a store hands it out.
class StoredHistograms {
 public:
  void add(const FloatHistogram& histogram) {
    times_.push_back(static_cast<int64_t>(times_.size()) * kMinute);
    sums_.push_back(histogram.sum);
    encode_histogram(to_native(histogram), bytes_);
    offsets_.push_back(static_cast<uint32_t>(bytes_.size()));
  }
  void damage() { bytes_.back() ^= 0xff; }
  tarsier_series series() const {
    tarsier_series out{};
    out.size = sizeof(out);
    out.sample_count = times_.size();
    out.times_ns = times_.data();
    out.values = sums_.data();
    out.histogram_offsets = offsets_.data();
    out.histogram_bytes = bytes_.data();
    return out;
  }

 private:
  std::vector<int64_t> times_;
  std::vector<double> sums_;
  std::vector<uint32_t> offsets_{0};
  std::vector<uint8_t> bytes_;
};

TEST(MixedSeries, LeavesBucketsBehindAfterAComparison) {
  StoredHistograms stored;
  stored.add(test::written("count:3 sum:3 buckets:[1 2]"));
  stored.add(test::written("count:4 sum:5 buckets:[2 2]"));
  stored.add(test::written("count:5 sum:6 buckets:[1 4]"));
  const tarsier_series series = stored.series();
  const auto read = read_mixed(series, HistogramDetail::kTotals, false);
  ASSERT_TRUE(read.ok());
  ASSERT_EQ(read->samples.size(), 3U);
  EXPECT_EQ(read->samples[0].histogram->counter_reset, CounterReset::unknown);
  EXPECT_EQ(read->samples[1].histogram->counter_reset, CounterReset::no);
  EXPECT_EQ(read->samples[2].histogram->counter_reset, CounterReset::yes);
  EXPECT_TRUE(read->samples[2].histogram->positive.empty());
  EXPECT_EQ(read->samples[2].histogram->count, 5);
}

TEST(MixedSeries, KnowsFromBeforeTheRangeThatACounterGoesOn) {
  StoredHistograms stored;
  stored.add(test::written("count:3 sum:3 buckets:[1 2]"));
  stored.add(test::written("count:4 sum:5 buckets:[2 2]"));
  stored.add(test::written("count:5 sum:6 buckets:[1 4]"));
  const tarsier_series series = stored.series();
  const auto going_on = read_mixed(series, HistogramDetail::kTotals, false, 0);
  ASSERT_EQ(going_on->samples.size(), 2U);
  EXPECT_EQ(going_on->samples[0].histogram->counter_reset, CounterReset::no);
  EXPECT_EQ(going_on->samples[1].histogram->counter_reset, CounterReset::yes);
  const auto reset_before = read_mixed(series, HistogramDetail::kTotals, false, kMinute);
  ASSERT_EQ(reset_before->samples.size(), 1U);
  EXPECT_EQ(reset_before->samples[0].histogram->counter_reset, CounterReset::unknown);
}

TEST(MixedSeries, LeavesStaleHistogramsOut) {
  StoredHistograms stored;
  stored.add(test::written("count:3 sum:3 buckets:[3]"));
  FloatHistogram stale;
  stale.sum = kNothing;
  stored.add(stale);
  const tarsier_series series = stored.series();
  EXPECT_EQ(read_mixed(series, HistogramDetail::kAll, false)->samples.size(), 1U);
  const WindowPlan plan = {{0, 2 * kMinute, kMinute}, 5 * kMinute};
  Series found;
  ASSERT_TRUE(*look_back_mixed(plan, series, HistogramDetail::kAll, found));
  EXPECT_NE(found.histogram_at(0), nullptr);
  EXPECT_FALSE(found.present_at(1));
}

TEST(MixedSeries, RefusesADamagedHistogramByItsPlace) {
  StoredHistograms stored;
  stored.add(test::written("count:3 sum:3 buckets:[3]"));
  stored.add(test::written("count:3 sum:3 buckets:[3]"));
  stored.damage();
  const tarsier_series series = stored.series();
  const auto read = read_mixed(series, HistogramDetail::kAll, false);
  ASSERT_FALSE(read.ok());
  EXPECT_NE(read.error().message().find("sample 1"), std::string::npos) << read.error().message();
}

TEST(MixedSeries, WeighsAsMuchAsItsHistogramsAreLarge) {
  test::MemoryStore store;
  FloatHistogram large = test::written("count:1000 sum:1");
  for (int32_t i = 0; i < 1000; ++i) large.positive.push_back({i, 1});
  store.add({{"__name__", "size"}}, 0, large);
  EngineOptions options;
  options.limits.max_samples = 900;
  Engine engine(options, [] { return int64_t{0}; });
  QueryRequest request;
  for (const char* expression : {"size", "sum_over_time(size[1m])", "size[1m]"}) {
    request.expression = expression;
    const auto outcome = engine.query(*store.table(), request, [](const QueryAnswer&) { FAIL(); });
    ASSERT_FALSE(outcome.ok()) << expression;
    EXPECT_EQ(outcome.error().code(), TARSIER_RESOURCE);
  }
  request.expression = "histogram_count(size)";  // needs no buckets
  EXPECT_TRUE(engine.query(*store.table(), request, [](const QueryAnswer&) {}).ok());
}

}  // namespace
}  // namespace tarsier::promql
