#include "plugins/query/promql/histogram/estimate.hpp"

#include <cmath>
#include <gtest/gtest.h>

#include "plugins/query/promql/histogram/trim.hpp"
#include "tests/unit/plugins/query/promql/histogram/written.hpp"

namespace tarsier::promql {
namespace {

using test::written;

TEST(HistogramQuantile, IsTheInverseOfTheFraction) {
  for (const char* text : {"count:12 sum:100 z_bucket:2 z_bucket_w:0.001 buckets:[2 3 0 1 4]",
                           "count:12 sum:-9 z_bucket:2 z_bucket_w:0.001 n_buckets:[2 3 0 1 4]",
                           "schema:2 count:10 sum:0 buckets:[1 4] n_buckets:[2 3]",
                           "schema:-53 count:6 sum:30 custom_values:[5 10 20] buckets:[1 3 2]"}) {
    const FloatHistogram histogram = written(text);
    for (const double q : {0.05, 0.3, 0.5, 0.77, 0.95}) {
      const double value = histogram_quantile(q, histogram).value;
      EXPECT_NEAR(histogram_fraction(-INFINITY, value, histogram).value, q, 1e-9) << text << " at " << q;
    }
  }
}

TEST(HistogramQuantile, SaysWhatNaNObservationsDo) {
  const FloatHistogram some = written("count:15 sum:NaN buckets:[12]");
  EXPECT_EQ(histogram_quantile(0.4, some).note, NaNNote::kSkewed);
  EXPECT_EQ(histogram_quantile(0.9, some).note, NaNNote::kResultIsNaN);
  EXPECT_TRUE(std::isnan(histogram_quantile(0.9, some).value));
  EXPECT_EQ(histogram_fraction(0, 1, some).note, NaNNote::kExcluded);
  EXPECT_EQ(histogram_quantile(0.4, written("count:12 sum:5 buckets:[12]")).note, NaNNote::kNone);
}

TEST(HistogramFraction, OfNothingIsNaN) {
  EXPECT_TRUE(std::isnan(histogram_fraction(0, 1, written("")).value));
  EXPECT_TRUE(std::isnan(histogram_quantile(0.5, written("")).value));
  EXPECT_EQ(histogram_fraction(3, 2, written("count:1 sum:1 buckets:[1]")).value, 0);
}

TEST(Trim, SplitsAHistogramInTwo) {
  const FloatHistogram whole = written("schema:1 count:20 sum:31 z_bucket:2 z_bucket_w:0.01 buckets:[2 4 6] n_buckets:[1 5]");
  for (const double cut : {-1.2, -0.005, 0.0, 0.003, 1.0, 1.1}) {
    FloatHistogram below = whole;
    FloatHistogram above = whole;
    trim(below, cut, TrimSide::kKeepBelow);
    trim(above, cut, TrimSide::kKeepAbove);
    EXPECT_NEAR(below.count + above.count, whole.count, 1e-9) << cut;
    EXPECT_NEAR(below.count / whole.count, histogram_fraction(-INFINITY, cut, whole).value, 1e-9) << cut;
  }
}

TEST(Trim, LeavesAloneWhatLosesNothing) {
  FloatHistogram histogram = written("count:3 sum:123 buckets:[1 2]");
  trim(histogram, 100, TrimSide::kKeepBelow);
  EXPECT_TRUE(identical(histogram, written("count:3 sum:123 buckets:[1 2]")));
}

}  // namespace
}  // namespace tarsier::promql
