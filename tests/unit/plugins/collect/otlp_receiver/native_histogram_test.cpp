#include "plugins/collect/otlp_receiver/native_histogram.hpp"

#include <gtest/gtest.h>

namespace tarsier::otlp {
namespace {

Point exponential(int32_t scale, int32_t offset, std::vector<uint64_t> counts) {
  Point point;
  point.scale = scale;
  for (const uint64_t count : counts) point.count += count;
  point.positive = {offset, std::move(counts)};
  point.sum = 1.5;
  return point;
}

TEST(ExponentialHistogram, HasItsBucketsOneFartherOn) {
  const auto made = exponential_to_native(exponential(2, -1, {1, 0, 3}));
  ASSERT_TRUE(made.ok()) << made.error().message();
  EXPECT_EQ(made->schema, 2);
  EXPECT_EQ(made->positive_spans, (std::vector<BucketSpan>{{0, 3}}));
  EXPECT_EQ(made->positive_buckets, (std::vector<double>{1, 0, 3}));
  EXPECT_EQ(made->count, 4);
  EXPECT_EQ(made->sum, 1.5);
}

TEST(ExponentialHistogram, PutsBucketsTogetherThatAreTooFine) {
  const auto made = exponential_to_native(exponential(10, -5, {1, 0, 0, 2, 3, 4}));
  ASSERT_TRUE(made.ok()) << made.error().message();
  EXPECT_EQ(made->schema, 8);
  EXPECT_EQ(made->positive_spans, (std::vector<BucketSpan>{{-1, 3}}));
  EXPECT_EQ(made->positive_buckets, (std::vector<double>{1, 5, 4}));
}

TEST(ExponentialHistogram, BeginsAnotherSpanBehindALongGap) {
  const auto made = exponential_to_native(exponential(0, 0, {1, 0, 0, 0, 2}));
  ASSERT_TRUE(made.ok()) << made.error().message();
  EXPECT_EQ(made->positive_spans, (std::vector<BucketSpan>{{1, 1}, {3, 1}}));
}

TEST(ExponentialHistogram, ThatCannotBeStoredIsRefused) {
  EXPECT_FALSE(exponential_to_native(exponential(-5, 0, {1})).ok());
  EXPECT_FALSE(exponential_to_native(exponential(0, INT32_MAX, {1, 1})).ok());
  Point wrong = exponential(0, 0, {1});
  wrong.count = 7;
  EXPECT_FALSE(exponential_to_native(wrong).ok());
  EXPECT_TRUE(exponential_to_native(exponential(INT32_MAX, INT32_MIN, {1, 2})).ok());
}

TEST(ExponentialHistogram, WithoutAValueIsTheEndOfItsSeries) {
  Point point = exponential(0, 0, {});
  point.no_value = true;
  const auto made = exponential_to_native(point);
  ASSERT_TRUE(made.ok());
  EXPECT_TRUE(made->is_stale());
}

TEST(HistogramWithBounds, KeepsThem) {
  Point point;
  point.bounds = {1, 2, 5};
  point.bucket_counts = {0, 3, 0, 2};
  point.count = 5;
  const auto made = custom_to_native(point);
  ASSERT_TRUE(made.ok()) << made.error().message();
  EXPECT_EQ(made->schema, NativeHistogram::kCustomBuckets);
  EXPECT_EQ(made->custom_bounds, point.bounds);
  EXPECT_EQ(made->positive_spans, (std::vector<BucketSpan>{{1, 3}}));
  EXPECT_EQ(made->positive_buckets, (std::vector<double>{3, 0, 2}));
}

}  // namespace
}  // namespace tarsier::otlp
