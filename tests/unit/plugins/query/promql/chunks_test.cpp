// The bytes of Prometheus' chunks; tests/e2e/prometheus_api_test.py has a Prometheus read them.
#include "plugins/query/promql/remote_read/chunks.hpp"

#include <gtest/gtest.h>

#include "tarsier/histogram.hpp"

namespace tarsier::promql {
namespace {

constexpr int64_t kMs = 1'000'000;

class SeriesMaker {
 public:
  void add(int64_t time_ms, double value) {
    offsets_.push_back(offsets_.back());
    times_.push_back(time_ms * kMs);
    values_.push_back(value);
  }
  void add(int64_t time_ms, const NativeHistogram& histogram) {
    encode_histogram(histogram, encoded_);
    add(time_ms, histogram.sum);
    offsets_.back() = static_cast<uint32_t>(encoded_.size());
  }
  std::vector<Chunk> chunks() {
    tarsier_series series{};
    series.size = sizeof(series);
    series.sample_count = times_.size();
    series.times_ns = times_.data();
    series.values = values_.data();
    if (!encoded_.empty()) {
      series.histogram_offsets = offsets_.data();
      series.histogram_bytes = encoded_.data();
    }
    auto made = encode_chunks(series);
    EXPECT_TRUE(made.ok());
    return std::move(*made);
  }

 private:
  std::vector<int64_t> times_;
  std::vector<double> values_;
  std::vector<uint32_t> offsets_{0};
  std::vector<uint8_t> encoded_;
};

NativeHistogram counting(double first, double second, CounterReset reset = CounterReset::unknown) {
  NativeHistogram histogram;
  histogram.positive_spans = {{0, 2}};
  histogram.positive_buckets = {first, second};
  histogram.count = first + second;
  histogram.sum = first;
  histogram.counter_reset = reset;
  return histogram;
}

size_t samples_in(const Chunk& chunk) {
  return static_cast<size_t>(static_cast<uint8_t>(chunk.data[0])) << 8U | static_cast<uint8_t>(chunk.data[1]);
}
uint8_t reset_of(const Chunk& chunk) { return static_cast<uint8_t>(chunk.data[2]); }

TEST(Chunks, HaveTheBytesOfXorChunks) {
  SeriesMaker series;
  for (const int64_t time : {1000, 2000, 3000}) series.add(time, 1.0);
  const auto chunks = series.chunks();
  ASSERT_EQ(chunks.size(), 1U);
  EXPECT_EQ(chunks[0].encoding, ChunkEncoding::kXor);
  EXPECT_EQ(chunks[0].min_time_ms, 1000);
  EXPECT_EQ(chunks[0].max_time_ms, 3000);
  // Three samples; 1000, zigzag; 1.0; 1000 later; the same value; the same step and value.
  EXPECT_EQ(chunks[0].data, std::string("\x00\x03\xd0\x0f\x3f\xf0\x00\x00\x00\x00\x00\x00\xe8\x07\x00", 15));
}

TEST(Chunks, AreCutAt120Samples) {
  SeriesMaker series;
  for (int i = 0; i < 250; ++i) series.add(i * 1000, i);
  const auto chunks = series.chunks();
  ASSERT_EQ(chunks.size(), 3U);
  EXPECT_EQ(samples_in(chunks[0]), 120U);
  EXPECT_EQ(samples_in(chunks[2]), 10U);
  EXPECT_EQ(chunks[1].min_time_ms, 120000);
}

TEST(Chunks, OfHistogramsBeginAnewAtAReset) {
  SeriesMaker series;
  series.add(1000, counting(1, 1));
  series.add(2000, counting(2, 1));
  series.add(3000, counting(2, 0));
  series.add(4000, counting(3, 0, CounterReset::yes));
  const auto chunks = series.chunks();
  ASSERT_EQ(chunks.size(), 3U);
  EXPECT_EQ(chunks[0].encoding, ChunkEncoding::kFloatHistogram);
  EXPECT_EQ(samples_in(chunks[0]), 2U);
  EXPECT_EQ(reset_of(chunks[0]), 0x00);
  EXPECT_EQ(reset_of(chunks[1]), 0x80);
  EXPECT_EQ(reset_of(chunks[2]), 0x80);
}

TEST(Chunks, OfGaugeHistogramsKnowNoResets) {
  SeriesMaker series;
  series.add(1000, counting(5, 5, CounterReset::gauge));
  series.add(2000, counting(1, 1, CounterReset::gauge));
  const auto chunks = series.chunks();
  ASSERT_EQ(chunks.size(), 1U);
  EXPECT_EQ(reset_of(chunks[0]), 0xc0);
}

TEST(Chunks, OfAMixedSeriesAreOfOneKindEach) {
  SeriesMaker series;
  series.add(1000, 1.0);
  series.add(2000, counting(1, 1));
  series.add(3000, 2.0);
  const auto chunks = series.chunks();
  ASSERT_EQ(chunks.size(), 3U);
  EXPECT_EQ(chunks[1].encoding, ChunkEncoding::kFloatHistogram);
  EXPECT_EQ(chunks[2].encoding, ChunkEncoding::kXor);
}

TEST(Chunks, HaveTimesBeforeTheEpochRoundedDown) {
  EXPECT_EQ(ms_of(-1), -1);
  EXPECT_EQ(ms_of(-kMs), -1);
  EXPECT_EQ(ms_of(kMs - 1), 0);
}

}  // namespace
}  // namespace tarsier::promql
