#include "plugins/query/promql/histogram/float_histogram.hpp"

#include <gtest/gtest.h>
#include <limits>

#include "plugins/query/promql/histogram/sums.hpp"
#include "plugins/query/promql/histogram/text.hpp"
#include "tests/unit/plugins/query/promql/histogram/written.hpp"

namespace tarsier::promql {
namespace {

using test::written;

FloatHistogram sum_of(FloatHistogram to, std::string_view other) {
  EXPECT_TRUE(add(to, written(other)).has_value());
  compact(to);
  return to;
}

TEST(FloatHistogram, SurvivesItsStoredForm) {
  const FloatHistogram histogram = written(
      "schema:1 count:9 sum:-3.5 z_bucket:2 z_bucket_w:0.001 offset:-2 buckets:[1 0 2] n_offset:5 n_buckets:[4] "
      "counter_reset_hint:gauge");
  std::vector<uint8_t> bytes;
  encode_histogram(to_native(histogram), bytes);
  NativeHistogram native;
  ASSERT_TRUE(decode_histogram(bytes, native).ok());
  const FloatHistogram read = from_native(native);
  EXPECT_TRUE(identical(read, histogram));
  EXPECT_EQ(read.counter_reset, CounterReset::gauge);
}

TEST(FloatHistogram, AddsBucketsThatOnlyOneSideHas) {
  const FloatHistogram sum = sum_of(written("count:3 sum:4 buckets:[1 2]"), "count:5 sum:6 offset:1 buckets:[1 0 4]");
  EXPECT_TRUE(identical(sum, written("count:8 sum:10 buckets:[1 3 0 4]")));
}

TEST(FloatHistogram, MeetsAtTheCoarserResolution) {
  const FloatHistogram fine = written("schema:1 count:4 sum:4 offset:1 buckets:[1 1 1 1]");
  const FloatHistogram coarse = written("schema:0 count:2 sum:2 offset:1 buckets:[2]");
  const FloatHistogram expected = written("schema:0 count:6 sum:6 offset:1 buckets:[4 2]");
  FloatHistogram one = fine;
  ASSERT_TRUE(add(one, coarse));
  EXPECT_TRUE(identical(one, expected));
  FloatHistogram other = coarse;
  ASSERT_TRUE(add(other, fine));
  EXPECT_TRUE(identical(other, expected));
}

TEST(FloatHistogram, WidensZeroBucketsToWhatBothCanHave) {
  // The bucket (0.5, 1] has something in it, so the zero bucket cannot end at 0.75: it ends at 1.
  const FloatHistogram sum =
      sum_of(written("count:5 sum:1 z_bucket:1 z_bucket_w:0.75"), "count:3 sum:2 z_bucket:1 z_bucket_w:0.25 buckets:[2 0 0]");
  EXPECT_TRUE(identical(sum, written("count:8 sum:3 z_bucket:4 z_bucket_w:1")));
}

TEST(FloatHistogram, KeepsTheCustomBoundsThatBothHave) {
  FloatHistogram sum = written("schema:-53 count:10 sum:1 custom_values:[1 2 4] buckets:[1 2 3 4]");
  const auto notes = add(sum, written("schema:-53 count:3 sum:1 custom_values:[2 3 4] buckets:[1 1 0 1]"));
  ASSERT_TRUE(notes.has_value());
  EXPECT_TRUE(notes->reconciled);
  EXPECT_TRUE(identical(sum, written("schema:-53 count:13 sum:2 custom_values:[2 4] buckets:[4 4 5]")));
}

TEST(FloatHistogram, RefusesToMixCustomAndExponentialBuckets) {
  FloatHistogram exponential = written("count:1 sum:1 buckets:[1]");
  const FloatHistogram before = exponential;
  EXPECT_FALSE(add(exponential, written("schema:-53 count:1 sum:1 custom_values:[1] buckets:[1]")).has_value());
  EXPECT_TRUE(identical(exponential, before));
}

TEST(FloatHistogram, NotesHintsThatContradict) {
  const auto merged = [](std::string_view to, std::string_view other) {
    FloatHistogram sum = written(to);
    const auto notes = add(sum, written(other));
    return std::pair(sum.counter_reset, notes->collision);
  };
  EXPECT_EQ(merged("counter_reset_hint:reset", "counter_reset_hint:not_reset"), std::pair(CounterReset::unknown, true));
  EXPECT_EQ(merged("counter_reset_hint:reset", "counter_reset_hint:unknown"), std::pair(CounterReset::unknown, false));
  EXPECT_EQ(merged("counter_reset_hint:not_reset", "counter_reset_hint:gauge"), std::pair(CounterReset::gauge, false));
}

TEST(FloatHistogram, LosesItsBucketsWhenDividedByZero) {
  FloatHistogram histogram = written("count:3 sum:6 z_bucket:1 z_bucket_w:0.1 buckets:[2]");
  divide(histogram, 0);
  EXPECT_TRUE(histogram.positive.empty());
  EXPECT_EQ(histogram.count, std::numeric_limits<double>::infinity());
}

TEST(FloatHistogram, BecomesAGaugeWhenNegative) {
  FloatHistogram histogram = written("count:3 sum:6 buckets:[3] counter_reset_hint:not_reset");
  multiply(histogram, -2);
  EXPECT_EQ(histogram.counter_reset, CounterReset::gauge);
  EXPECT_EQ(write_histogram(histogram), "{count:-6, sum:-12, (0.5,1]:-6}");
}

TEST(CounterReset, IsFoundInASingleBucket) {
  const FloatHistogram before = written("count:4 sum:4 buckets:[2 2]");
  EXPECT_FALSE(detect_reset(written("count:5 sum:1 buckets:[2 3]"), before));
  EXPECT_TRUE(detect_reset(written("count:9 sum:9 buckets:[1 8]"), before));
  EXPECT_TRUE(detect_reset(written("count:9 sum:9 offset:1 buckets:[9]"), before));
  EXPECT_FALSE(detect_reset(written("count:1 sum:1 buckets:[1] counter_reset_hint:not_reset"), before));
}

TEST(CounterReset, IsNoneWhenAHistogramBecomesCoarser) {
  const FloatHistogram before = written("schema:1 count:4 sum:4 offset:1 buckets:[2 2]");
  EXPECT_FALSE(detect_reset(written("schema:0 count:5 sum:5 offset:1 buckets:[5]"), before));
  EXPECT_TRUE(detect_reset(before, written("schema:0 count:2 sum:2 offset:1 buckets:[2]")));
  // What the wider zero bucket swallows counts there.
  EXPECT_FALSE(detect_reset(written("count:5 sum:5 z_bucket:5 z_bucket_w:1"), written("count:4 sum:4 buckets:[4]")));
  EXPECT_TRUE(
      detect_reset(written("count:5 sum:5 z_bucket:1 z_bucket_w:1 offset:1 buckets:[4]"), written("count:4 sum:4 buckets:[4]")));
}

TEST(CounterReset, ComparesCustomBucketsAtCommonBounds) {
  const FloatHistogram before = written("schema:-53 count:6 sum:1 custom_values:[1 2] buckets:[1 2 3]");
  EXPECT_FALSE(detect_reset(written("schema:-53 count:7 sum:1 custom_values:[0.5 1 2] buckets:[1 0 2 4]"), before));
  EXPECT_TRUE(detect_reset(written("schema:-53 count:7 sum:1 custom_values:[2 3] buckets:[2 3 2]"), before));
}

TEST(HistogramSum, KeepsWhatRoundingLoses) {
  HistogramSum total;
  for (const char* text : {"count:1 sum:1 buckets:[1]", "count:1 sum:1e100 buckets:[1e100]", "count:1 sum:1 buckets:[1]",
                           "count:1 sum:-1e100 buckets:[-1e100]"})
    ASSERT_TRUE(total.add(written(text)));
  EXPECT_TRUE(identical(total.value(), written("count:4 sum:2 buckets:[2]")));
}

TEST(HistogramMean, GoesOnWhereTheSumWouldOverflow) {
  HistogramMean mean;
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(mean.add(written("count:1.5e308 sum:1 buckets:[1.5e308]")));
  EXPECT_DOUBLE_EQ(mean.value().count, 1.5e308);
  EXPECT_DOUBLE_EQ(mean.value().sum, 1);
}

TEST(HistogramText, IsThatOfPrometheus) {
  EXPECT_EQ(write_histogram(written("count:20 sum:2349209.324 z_bucket:2 z_bucket_w:0.001 buckets:[1 2] n_buckets:[1 0 2]")),
            "{count:20, sum:2.349209324e+06, [-4,-2):2, [-1,-0.5):1, [-0.001,0.001]:2, (0.5,1]:1, (1,2]:2}");
  EXPECT_EQ(write_histogram(written("schema:-53 count:3 sum:1 custom_values:[5] buckets:[1 2]")),
            "{count:3, sum:1, [-Inf,5]:1, (5,+Inf]:2}");
  EXPECT_EQ(write_openmetrics(1), "1.0");
  EXPECT_EQ(write_openmetrics(0.5), "0.5");
  EXPECT_EQ(write_openmetrics(1e-5), "1e-05");
}

}  // namespace
}  // namespace tarsier::promql
