// Messages of both versions, read back by the receiver of this house.
#include <gtest/gtest.h>

#include "plugins/collect/remote_write_receiver/write_request.hpp"
#include "plugins/collect/remote_write_receiver/write_request_v2.hpp"
#include "plugins/forward/remote_write/message_writer.hpp"
#include "plugins/forward/remote_write/metadata_book.hpp"
#include "sender_fixture.hpp"
#include "tarsier/flat_set.hpp"

namespace tarsier::forward {
namespace {

constexpr int64_t kMs = 1'000'000;

NativeHistogram integer_histogram() {
  NativeHistogram h;
  h.schema = 2;
  h.counter_reset = CounterReset::no;
  h.zero_threshold = 1e-10;
  h.zero_count = 3;
  h.count = 20;
  h.sum = -7.25;
  h.positive_spans = {{-3, 2}, {5, 1}};
  h.positive_buckets = {4, 1, 6};
  h.negative_spans = {{1, 2}};
  h.negative_buckets = {2, 4};
  return h;
}
NativeHistogram float_histogram() {
  NativeHistogram h;
  h.is_float = true;
  h.counter_reset = CounterReset::gauge;
  h.count = 2.75;
  h.sum = 1.5;
  h.positive_spans = {{0, 2}};
  h.positive_buckets = {0.5, 2.25};
  return h;
}
NativeHistogram custom_histogram() {
  NativeHistogram h;
  h.schema = NativeHistogram::kCustomBuckets;
  h.count = 5;
  h.sum = 9;
  h.positive_spans = {{0, 3}};
  h.positive_buckets = {1, 3, 1};
  h.custom_bounds = {0.5, 10};
  return h;
}

/// What a receiver makes of a message.
class MessageTest : public testing::TestWithParam<Message> {
 protected:
  bool v2() const { return GetParam() == Message::request_v2; }
  batch::View read(const std::string& message) {
    workspace_.builder.clear();
    const protobuf::Bytes bytes(reinterpret_cast<const uint8_t*>(message.data()), message.size());
    tally_ = {};
    const auto read = v2() ? remote_write::read_request_v2(bytes, workspace_, tally_)
                           : remote_write::read_write_request(bytes, workspace_, tally_);
    EXPECT_TRUE(read) << read.error().message();
    EXPECT_EQ(tally_.text(), "");
    words_ = test::finish(workspace_.builder);
    EXPECT_TRUE(batch::verify(test::bytes_of(words_)));
    return batch::View(test::bytes_of(words_));
  }
  std::unique_ptr<MessageWriter> writer_ = make_writer(GetParam());
  remote_write::Workspace workspace_;
  remote_write::Tally tally_;
  std::vector<uint64_t> words_;
  const std::vector<batch::Label> labels_ = {{"__name__", "m"}, {"job", "ü"}};
};

TEST_P(MessageTest, SamplesComeBackBitForBit) {
  const double values[] = {1.5, -0.0, std::numeric_limits<double>::infinity(), std::bit_cast<double>(TARSIER_STALE_NAN_BITS),
                           1e-320};
  writer_->begin_series(labels_, {});
  for (int i = 0; i < 5; ++i) writer_->sample(i * 1000 - 2000, values[i], 0);
  writer_->end_series();
  writer_->begin_series({{{"__name__", "other"}}}, {});
  writer_->sample(5, 7, 0);
  writer_->end_series();
  const batch::View view = read(writer_->finish());
  const batch::SamplesView samples(view);
  ASSERT_EQ(samples.series_count(), 2U);
  ASSERT_EQ(samples.times(0).size(), 5U);
  for (size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(samples.times(0)[i], (static_cast<int64_t>(i) * 1000 - 2000) * kMs);
    EXPECT_EQ(std::bit_cast<uint64_t>(samples.values(0)[i]), std::bit_cast<uint64_t>(values[i])) << i;
  }
  EXPECT_EQ(samples.labels().value(0, 1), "ü");
  EXPECT_EQ(samples.labels().value(1, 0), "other");
}

TEST_P(MessageTest, CanBeUsedAgain) {
  for (int i = 0; i < 3; ++i) {
    writer_->begin_series({{{"__name__", "n" + std::to_string(i)}}}, {});
    writer_->sample(i, i, 0);
    writer_->end_series();
    EXPECT_GT(writer_->size(), 0U);
    const batch::View view = read(writer_->finish());
    EXPECT_EQ(batch::SamplesView(view).labels().value(0, 0), "n" + std::to_string(i));
    EXPECT_EQ(writer_->size(), 0U);
  }
}

TEST_P(MessageTest, HistogramsComeBackAsTheyWere) {
  std::vector<NativeHistogram> sent = {integer_histogram(), float_histogram()};
  if (v2()) sent.push_back(custom_histogram());
  NativeHistogram stale;
  stale.sum = std::bit_cast<double>(TARSIER_STALE_NAN_BITS);
  sent.push_back(stale);
  for (const NativeHistogram& histogram : sent) {
    writer_->begin_series(labels_, {});
    writer_->histogram(1000, histogram, v2() ? 250 : 0);
    writer_->end_series();
    const batch::View view = read(writer_->finish());
    const batch::SamplesView samples(view);
    ASSERT_TRUE(samples.has_histograms());
    std::vector<uint8_t> expected;
    encode_histogram(histogram, expected);
    const auto found = samples.histogram(0, 0);
    EXPECT_EQ(std::vector<uint8_t>(found.begin(), found.end()), expected) << histogram.schema;
    EXPECT_EQ(samples.times(0)[0], 1000 * kMs);
    if (v2()) EXPECT_EQ(samples.starts(0)[0], 250 * kMs);
  }
}

TEST_P(MessageTest, ExemplarsComeBack) {
  writer_->begin_series(labels_, {});
  writer_->sample(1000, 1, 0);
  const std::vector<batch::Label> labels = {{"span_id", "7"}, {"trace_id", "ä"}};
  writer_->exemplar(900, 0.5, labels);
  writer_->exemplar(950, 0.75, {});
  writer_->end_series();
  const batch::View view = read(writer_->finish());
  const batch::ExemplarsView exemplars(view);
  ASSERT_EQ(exemplars.size(), 2U);
  std::vector<batch::Label> found;
  ASSERT_TRUE(decode_flat_set(exemplars.labels(0), found));
  EXPECT_EQ(found, labels);
  EXPECT_EQ(exemplars.time(0), 900 * kMs);
  EXPECT_EQ(exemplars.value(1), 0.75);
}

INSTANTIATE_TEST_SUITE_P(Both, MessageTest, testing::Values(Message::write_request, Message::request_v2),
                         [](const auto& name) { return name.param == Message::request_v2 ? "V2" : "V1"; });

class MessageV2Test : public MessageTest {};
INSTANTIATE_TEST_SUITE_P(V2, MessageV2Test, testing::Values(Message::request_v2));

TEST_P(MessageV2Test, HasMetadataAndStarts) {
  const SeriesMetadata metadata{TARSIER_SERIES_COUNTER, "All of them.", "bytes"};
  writer_->begin_series(labels_, metadata);
  writer_->sample(1000, 1, 400);
  writer_->sample(2000, 2, 1500);
  writer_->sample(3000, 3, 0);
  writer_->end_series();
  const batch::View view = read(writer_->finish());
  const batch::SamplesView samples(view);
  ASSERT_TRUE(samples.has_metadata());
  EXPECT_EQ(samples.type(0), uint32_t{TARSIER_SERIES_COUNTER});
  EXPECT_EQ(samples.help(0), "All of them.");
  EXPECT_EQ(samples.unit(0), "bytes");
  EXPECT_EQ(samples.starts(0)[0], 400 * kMs);
  EXPECT_EQ(samples.starts(0)[1], 1500 * kMs);
}

class MetadataBookTest : public MessageTest {};
INSTANTIATE_TEST_SUITE_P(V1, MetadataBookTest, testing::Values(Message::write_request));

TEST_P(MetadataBookTest, SendsFamiliesInPages) {
  MetadataBook book;
  book.learn("h_bucket", {TARSIER_SERIES_HISTOGRAM, "A histogram.", ""});
  book.learn("h_count", {TARSIER_SERIES_HISTOGRAM, "A histogram.", ""});
  book.learn("g", {TARSIER_SERIES_GAUGE, "Old.", ""});
  book.learn("g", {TARSIER_SERIES_GAUGE, "A gauge.", "s"});
  book.learn("nothing", {});
  const auto pages = book.pages(1);
  ASSERT_EQ(pages.size(), 2U);
  std::vector<std::string> found;
  for (const auto& page : pages) {
    std::vector<uint8_t> plain(*remote_write::decompressed_size(page.body, 1 << 20));
    ASSERT_TRUE(remote_write::decompress(page.body, plain));
    const batch::View view = read({reinterpret_cast<const char*>(plain.data()), plain.size()});
    const batch::SamplesView samples(view);
    found.push_back(std::string(samples.labels().value(0, 0)) + " " + std::to_string(samples.type(0)) + " " +
                    std::string(samples.help(0)) + " " + std::string(samples.unit(0)));
  }
  EXPECT_EQ(found, (std::vector<std::string>{"g 2 A gauge. s", "h 3 A histogram. "}));
  EXPECT_EQ(book.pages(10).size(), 1U);
}

}  // namespace
}  // namespace tarsier::forward
