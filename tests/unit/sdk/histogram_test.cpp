#include "tarsier/histogram.hpp"

#include <cmath>
#include <gtest/gtest.h>

namespace tarsier {
namespace {

NativeHistogram example() {
  NativeHistogram histogram;
  histogram.schema = 3;
  histogram.counter_reset = CounterReset::no;
  histogram.zero_threshold = std::ldexp(1.0, -128);
  histogram.zero_count = 2;
  histogram.count = 21;
  histogram.sum = 18.4;
  histogram.positive_spans = {{-2, 2}, {3, 1}};
  histogram.positive_buckets = {1, 5, 3};
  histogram.negative_spans = {{0, 2}};
  histogram.negative_buckets = {4, 6};
  return histogram;
}

NativeHistogram custom() {
  NativeHistogram histogram;
  histogram.schema = NativeHistogram::kCustomBuckets;
  histogram.count = 6;
  histogram.sum = 5;
  histogram.custom_bounds = {0.005, 0.1, 1};
  histogram.positive_spans = {{0, 1}, {1, 2}};
  histogram.positive_buckets = {1, 2, 3};
  return histogram;
}

std::vector<uint8_t> encoded(const NativeHistogram& histogram) {
  std::vector<uint8_t> out;
  encode_histogram(histogram, out);
  return out;
}

void expect_same(const NativeHistogram& a, const NativeHistogram& b) {
  const auto bits = [](double value) { return std::bit_cast<uint64_t>(value); };
  EXPECT_EQ(a.schema, b.schema);
  EXPECT_EQ(a.counter_reset, b.counter_reset);
  EXPECT_EQ(a.is_float, b.is_float);
  EXPECT_EQ(bits(a.zero_threshold), bits(b.zero_threshold));
  EXPECT_EQ(bits(a.zero_count), bits(b.zero_count));
  EXPECT_EQ(bits(a.count), bits(b.count));
  EXPECT_EQ(bits(a.sum), bits(b.sum));
  EXPECT_EQ(a.positive_spans, b.positive_spans);
  EXPECT_EQ(a.negative_spans, b.negative_spans);
  EXPECT_EQ(a.positive_buckets, b.positive_buckets);
  EXPECT_EQ(a.negative_buckets, b.negative_buckets);
  EXPECT_EQ(a.custom_bounds, b.custom_bounds);
}

void expect_round_trip(const NativeHistogram& histogram) {
  NativeHistogram read = custom();  // what was there is replaced
  const auto decoded = decode_histogram(encoded(histogram), read);
  ASSERT_TRUE(decoded) << decoded.error().message();
  expect_same(read, histogram);
}

TEST(Histogram, HasTheseBytes) {
  const std::vector<uint8_t> golden = {0x12, 6, 115, 2, 21, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x32, 0x40,  // to the sum
                                       2,    3, 2,   6, 1,  2,    8,    3,                                   // positive
                                       1,    0, 2,   8, 4};
  EXPECT_EQ(encoded(example()), golden);
}

TEST(Histogram, ReadsBackIntegersFloatsAndCustomBuckets) {
  expect_round_trip({});
  expect_round_trip(example());
  expect_round_trip(custom());
  NativeHistogram floats = example();
  floats.is_float = true;
  floats.counter_reset = CounterReset::gauge;
  expect_round_trip(floats);
  floats.positive_buckets = {0.1, 1e300, 5e-324};
  floats.zero_threshold = 0.3;
  floats.zero_count = -0.0;
  expect_round_trip(floats);
  NativeHistogram large = example();
  large.count = 9007199254740992;
  large.positive_buckets[0] = 9007199254740992;
  expect_round_trip(large);
}

TEST(Histogram, KeepsNanPayloadsOfTheSum) {
  for (const uint64_t bits : {uint64_t{TARSIER_STALE_NAN_BITS}, uint64_t{0x7ff8000000000001}, uint64_t{0xfff0000000000777}}) {
    NativeHistogram histogram = example();
    histogram.sum = std::bit_cast<double>(bits);
    expect_round_trip(histogram);
    EXPECT_EQ(histogram.is_stale(), bits == TARSIER_STALE_NAN_BITS);
  }
}

TEST(Histogram, RefusesEveryTruncationAndWhatFollows) {
  for (const NativeHistogram& histogram : {example(), custom()}) {
    auto bytes = encoded(histogram);
    NativeHistogram read;
    for (size_t size = 0; size < bytes.size(); ++size) EXPECT_FALSE(decode_histogram(std::span(bytes).first(size), read)) << size;
    bytes.push_back(0);
    EXPECT_FALSE(decode_histogram(bytes, read));
    bytes.pop_back();
    bytes[0] |= 0x40;
    EXPECT_FALSE(decode_histogram(bytes, read)) << "a later version";
  }
}

TEST(Histogram, RefusesMoreBucketsThanTheLimitBeforeMakingThem) {
  std::vector<uint8_t> bytes = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0};
  append_varint(bytes, kMaxHistogramBuckets + 1);
  NativeHistogram read;
  EXPECT_FALSE(decode_histogram(bytes, read));
  EXPECT_TRUE(read.positive_buckets.empty());
}

TEST(CheckHistogram, AcceptsWhatIsRight) {
  EXPECT_TRUE(check_histogram(example()));
  EXPECT_TRUE(check_histogram(custom()));
  NativeHistogram histogram = example();
  histogram.sum = std::nan("");
  histogram.count = 25;
  EXPECT_TRUE(check_histogram(histogram)) << "observations of NaN are in no bucket";
}

TEST(CheckHistogram, SaysWhatIsWrong) {
  const struct {
    const char* message;
    void (*damage)(NativeHistogram&);
  } cases[] = {
      {"schema 9", [](NativeHistogram& h) { h.schema = 9; }},
      {"custom bounds with schema 3", [](NativeHistogram& h) { h.custom_bounds = {1}; }},
      {"buckets count 21.000000, its count is 22", [](NativeHistogram& h) { h.count = 22; }},
      {"negative or NaN", [](NativeHistogram& h) { h.zero_count = -1; }},
      {"positive buckets: spans for 4 buckets, but 3 counts", [](NativeHistogram& h) { h.positive_spans[0].length = 3; }},
      {"positive buckets: span 2 has a negative offset", [](NativeHistogram& h) { h.positive_spans[1].offset = -1; }},
      {"negative buckets: a count of -4", [](NativeHistogram& h) { h.negative_buckets[0] = -4; }},
      {"together with a zero bucket", [](NativeHistogram& h) { h.schema = NativeHistogram::kCustomBuckets; }},
      {"custom bound 2 does not ascend", [](NativeHistogram& h) { h = custom(), h.custom_bounds[1] = 0.005; }},
      {"custom bound 3", [](NativeHistogram& h) { h = custom(), h.custom_bounds[2] = INFINITY; }},
      {"ends behind bucket 3", [](NativeHistogram& h) { h = custom(), h.custom_bounds.pop_back(); }},
  };
  for (const auto& test : cases) {
    NativeHistogram histogram = example();
    test.damage(histogram);
    const auto checked = check_histogram(histogram);
    ASSERT_FALSE(checked) << test.message;
    EXPECT_NE(checked.error().message().find(test.message), std::string::npos) << checked.error().message();
  }
}

}  // namespace
}  // namespace tarsier
