// How native histograms are made coarser.
#include "plugins/collect/scrape/histogram_limits.hpp"

#include <gtest/gtest.h>

namespace tarsier::scrape {
namespace {

NativeHistogram histogram(int32_t schema, std::vector<BucketSpan> spans, std::vector<double> buckets) {
  NativeHistogram made;
  made.schema = schema;
  made.positive_spans = std::move(spans);
  made.positive_buckets = std::move(buckets);
  for (const double count : made.positive_buckets) made.count += count;
  return made;
}

TEST(HistogramLimits, FactorsAreThoseOfTheOriginal) {
  EXPECT_EQ(schema_of_factor(0), 8);
  EXPECT_EQ(schema_of_factor(1), 8);
  EXPECT_EQ(schema_of_factor(1.0028), 7);
  EXPECT_EQ(schema_of_factor(1.1), 2);
  EXPECT_EQ(schema_of_factor(1.2), 1);
  EXPECT_EQ(schema_of_factor(2), 0);
  EXPECT_EQ(schema_of_factor(2.1), -1);
  EXPECT_EQ(schema_of_factor(5), -2);
  EXPECT_EQ(schema_of_factor(1e300), -4);
}

TEST(HistogramLimits, AFinerSchemaIsMadeCoarser) {
  NativeHistogram one = histogram(2, {{-3, 4}, {2, 2}}, {1, 2, 3, 4, 5, 6});  // buckets -3 to 0, and 3 and 4
  ASSERT_TRUE(fit(one, {.schema = 1}));
  EXPECT_EQ(one.schema, 1);
  EXPECT_EQ(one.positive_spans, (std::vector<BucketSpan>{{-1, 2}, {1, 1}}));
  EXPECT_EQ(one.positive_buckets, (std::vector<double>{3, 7, 11}));
  EXPECT_TRUE(check_histogram(one));
  ASSERT_TRUE(fit(one, {.schema = 5}));
  EXPECT_EQ(one.schema, 1) << "none is made finer";
}

TEST(HistogramLimits, TooManyBucketsLowerTheResolution) {
  NativeHistogram one = histogram(0, {{1, 8}}, {1, 1, 1, 1, 1, 1, 1, 1});
  one.negative_spans = {{1, 2}};
  one.negative_buckets = {1, 1};
  one.count += 2;
  ASSERT_TRUE(fit(one, {.buckets = 5}));
  EXPECT_EQ(one.schema, -1);
  EXPECT_EQ(one.positive_buckets, (std::vector<double>{2, 2, 2, 2}));
  EXPECT_EQ(one.negative_buckets, (std::vector<double>{2}));
  EXPECT_TRUE(check_histogram(one));
  NativeHistogram wide = histogram(-4, {{-1000, 1}, {2000, 1}}, {1, 1});
  EXPECT_FALSE(fit(wide, {.buckets = 1}));
}

TEST(HistogramLimits, EmptyBucketsDoNotCount) {
  NativeHistogram one = histogram(3, {{0, 6}}, {1, 0, 0, 0, 0, 1});
  ASSERT_TRUE(fit(one, {.buckets = 2}));
  EXPECT_EQ(one.schema, 3);
  EXPECT_EQ(one.positive_spans, (std::vector<BucketSpan>{{0, 1}, {4, 1}}));
}

TEST(HistogramLimits, BucketsOfOwnBoundsCannotBeJoined) {
  NativeHistogram one = histogram(NativeHistogram::kCustomBuckets, {{0, 2}}, {1, 1});
  one.custom_bounds = {5};
  EXPECT_TRUE(fit(one, {.buckets = 2, .schema = 0}));
  EXPECT_FALSE(fit(one, {.buckets = 1}));
}

}  // namespace
}  // namespace tarsier::scrape
