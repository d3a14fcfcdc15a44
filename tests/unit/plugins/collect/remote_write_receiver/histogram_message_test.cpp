#include "plugins/collect/remote_write_receiver/histogram_message.hpp"

#include <gtest/gtest.h>

#include "plugins/lib/protobuf_wire/wire_writer.hpp"

namespace tarsier::remote_write {
namespace {

using protobuf::WireWriter;

WireWriter span(int32_t offset, uint32_t length) {
  WireWriter message;
  message.sint(1, offset).varint(2, length);
  return message;
}

TEST(HistogramMessage, OfIntegersHasDeltas) {
  WireWriter message;
  message.varint(1, 12).float64(3, 1.5).sint(4, 3).float64(5, 0.001).varint(6, 2);
  message.message(8, span(0, 1)).sint(9, 1);
  message.message(11, span(-2, 2)).message(11, span(1, 1)).text(12, "\x06\x01\x02");  // 3, -1, 1
  message.varint(14, 2).varint(15, 5000).varint(17, 1000);
  HistogramMessage read;
  ASSERT_TRUE(read_histogram(message.bytes(), read));
  const NativeHistogram& histogram = read.histogram;
  EXPECT_FALSE(histogram.is_float);
  EXPECT_EQ(histogram.schema, 3);
  EXPECT_EQ(histogram.count, 12);
  EXPECT_EQ(histogram.zero_count, 2);
  EXPECT_EQ(histogram.negative_buckets, (std::vector<double>{1}));
  EXPECT_EQ(histogram.positive_buckets, (std::vector<double>{3, 2, 3}));
  EXPECT_EQ(histogram.positive_spans, (std::vector<BucketSpan>{{-2, 2}, {1, 1}}));
  EXPECT_EQ(histogram.counter_reset, CounterReset::no);
  EXPECT_EQ(read.time_ms, 5000);
  EXPECT_EQ(read.start_ms, 1000);
}

TEST(HistogramMessage, OfFloatsWithCustomBucketsHasCounts) {
  WireWriter counts, bounds, message;
  const double two_bounds[] = {0.5, 1.0};
  message.float64(2, 3.5).float64(3, 1).sint(4, -53).message(11, span(0, 1)).float64(13, 3.5);
  message.text(16, {reinterpret_cast<const char*>(two_bounds), sizeof(two_bounds)});
  HistogramMessage read;
  ASSERT_TRUE(read_histogram(message.bytes(), read));
  EXPECT_TRUE(read.histogram.is_float);
  EXPECT_EQ(read.histogram.schema, NativeHistogram::kCustomBuckets);
  EXPECT_EQ(read.histogram.positive_buckets, (std::vector<double>{3.5}));
  EXPECT_EQ(read.histogram.custom_bounds, (std::vector<double>{0.5, 1.0}));
  EXPECT_TRUE(check_histogram(read.histogram));
}

TEST(HistogramMessage, WithAFieldOfAnotherTypeIsMalformed) {
  for (const uint32_t number : {3U, 4U, 5U, 8U, 10U, 11U, 13U, 14U, 15U, 16U, 17U}) {
    const bool is_list_of_doubles = number == 10 || number == 13 || number == 16;
    WireWriter message;
    if (number == 3 || number == 5 || number == 8 || number == 11 || is_list_of_doubles) {
      message.varint(number, 1);
    } else {
      message.float64(number, 1);
    }
    HistogramMessage read;
    EXPECT_FALSE(read_histogram(message.bytes(), read)) << number;
  }
}

}  // namespace
}  // namespace tarsier::remote_write
