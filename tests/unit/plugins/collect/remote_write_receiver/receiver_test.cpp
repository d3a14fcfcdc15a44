// Remote write 1.0, from the body to the batch and the answer.
#include <bit>
#include <cmath>

#include "tarsier/flat_set.hpp"
#include "tests/unit/plugins/collect/remote_write_receiver/sender.hpp"

namespace tarsier::remote_write {
namespace {

using WriteRequestTest = ReceiverTest;

WireWriter series(std::initializer_list<WireWriter> labels, std::initializer_list<WireWriter> samples) {
  WireWriter message;
  for (const WireWriter& each : labels) message.message(1, each);
  for (const WireWriter& each : samples) message.message(2, each);
  return message;
}

WireWriter one_series(std::string_view name = "up") {
  WireWriter request;
  request.message(1, series({label("__name__", name), label("job", "node")}, {sample(1, 1000)}));
  return request;
}

TEST_F(WriteRequestTest, BecomesOneBatchAndIsAnswered204) {
  WireWriter request;
  request.message(1, series({label("__name__", "up"), label("job", "node")}, {sample(1, 1000), sample(0, 2000)}));
  request.message(1, series({label("__name__", "load"), label("job", "node")}, {sample(0.5, 1500)}));
  const auto answer = send(request);
  EXPECT_EQ(answer.code, 204U) << answer.body;
  EXPECT_EQ(answer.body, "");
  ASSERT_EQ(fake_.batches.size(), 1U);
  EXPECT_EQ(fake_.last_batch(), "load{job=node} 0.5 @1500\nup{job=node} 0 @2000\nup{job=node} 1 @1000\n");
}

TEST_F(WriteRequestTest, KeepsTheStalenessMarkerAndOtherNansBitForBit) {
  const uint64_t bits[] = {TARSIER_STALE_NAN_BITS, 0x7ff8000000000abc};
  WireWriter request;
  request.message(
      1, series({label("__name__", "up")}, {sample(std::bit_cast<double>(bits[0]), 1), sample(std::bit_cast<double>(bits[1]), 2)}));
  EXPECT_EQ(send(request).code, 204U);
  const batch::SamplesView samples(fake_.batch(0));
  EXPECT_EQ(std::bit_cast<uint64_t>(samples.values(0)[0]), bits[0]);
  EXPECT_EQ(std::bit_cast<uint64_t>(samples.values(0)[1]), bits[1]);
}

TEST_F(WriteRequestTest, TakesFieldsOfASeriesInAnyOrder) {
  WireWriter mixed;
  mixed.message(1, label("job", "node"))
      .message(2, sample(2, 2000))
      .message(1, label("__name__", "up"))
      .message(2, sample(1, 1000));
  mixed.message(99, WireWriter()).varint(98, 7);  // of a later version
  WireWriter request;
  request.message(1, mixed);
  EXPECT_EQ(send(request).code, 204U);
  EXPECT_EQ(fake_.last_batch(), "up{job=node} 1 @1000\nup{job=node} 2 @2000\n");
  EXPECT_EQ(batch::SamplesView(fake_.batch(0)).times(0)[0], 1'000'000'000) << "rows of a batch ascend";
}

TEST_F(WriteRequestTest, TakesTimesBefore1970) {
  WireWriter request;
  request.message(1, series({label("__name__", "old")}, {sample(1, -5000), sample(2, 0)}));
  EXPECT_EQ(send(request).code, 204U);
  EXPECT_EQ(fake_.last_batch(), "old{} 1 @-5000\nold{} 2 @0\n");
}

TEST_F(WriteRequestTest, RefusesATimeThatNanosecondsCannotHoldAndKeepsTheRest) {
  WireWriter request = one_series();
  request.message(1, series({label("__name__", "far")}, {sample(1, INT64_MAX), sample(2, 3000)}));
  const auto answer = send(request);
  EXPECT_EQ(answer.code, 400U);
  EXPECT_NE(answer.body.find("1 samples or exemplars refused: a time that is not between 1677 and 2262"), std::string::npos)
      << answer.body;
  EXPECT_NE(answer.body.find("{__name__=\"far\"}"), std::string::npos) << answer.body;
  EXPECT_EQ(fake_.last_batch(), "far{} 2 @3000\nup{job=node} 1 @1000\n");
}

TEST_F(WriteRequestTest, RefusesASeriesWithoutLabelsAndKeepsTheRest) {
  WireWriter request = one_series();
  request.message(1, series({}, {sample(1, 1000)}));
  const auto answer = send(request);
  EXPECT_EQ(answer.code, 400U);
  EXPECT_NE(answer.body.find("a series without labels"), std::string::npos) << answer.body;
  EXPECT_EQ(fake_.last_batch(), "up{job=node} 1 @1000\n");
}

TEST_F(WriteRequestTest, WithNothingToStoreIs204) {
  EXPECT_EQ(send(WireWriter()).code, 204U);
  WireWriter request;
  request.message(1, series({label("__name__", "up")}, {}));
  EXPECT_EQ(send(request).code, 204U);
  EXPECT_TRUE(fake_.batches.empty());
}

TEST_F(WriteRequestTest, CarriesNativeHistogramsBesideFloats) {
  WireWriter span, histogram, both, request;
  span.sint(1, 0).varint(2, 1);
  histogram.varint(1, 3).float64(3, 4.5).sint(4, 2).message(11, span).sint(12, 3).varint(15, 2000);
  both.message(1, label("__name__", "latency")).message(4, histogram).message(2, sample(7, 1000));
  request.message(1, both);
  EXPECT_EQ(send(request).code, 204U);
  const batch::SamplesView samples(fake_.batch(0));
  ASSERT_TRUE(samples.has_histograms());
  EXPECT_TRUE(samples.histogram(0, 0).empty());
  EXPECT_EQ(samples.values(0)[0], 7);
  NativeHistogram read;
  ASSERT_TRUE(decode_histogram(samples.histogram(0, 1), read));
  EXPECT_EQ(read.count, 3);
  EXPECT_EQ(read.sum, 4.5);
  EXPECT_EQ(samples.values(0)[1], 4.5) << "the row's value is the sum";
  EXPECT_EQ(fake_.metrics["tarsier_remote_write_received_histograms_total"], 1);
}

TEST_F(WriteRequestTest, RefusesAHistogramThatIsNone) {
  WireWriter histogram, wrong, request = one_series();
  histogram.varint(1, 3).sint(4, 77).varint(15, 2000);
  wrong.message(1, label("__name__", "latency")).message(4, histogram);
  request.message(1, wrong);
  const auto answer = send(request);
  EXPECT_EQ(answer.code, 400U);
  EXPECT_NE(answer.body.find("schema 77"), std::string::npos) << answer.body;
  EXPECT_EQ(fake_.last_batch(), "up{job=node} 1 @1000\n");
}

TEST_F(WriteRequestTest, CarriesExemplars) {
  WireWriter exemplar, with, request;
  exemplar.message(1, label("trace_id", "abc")).float64(2, 0.25).varint(3, 900);
  with.message(1, label("__name__", "hits")).message(3, exemplar);
  request.message(1, with);
  EXPECT_EQ(send(request).code, 204U);
  const batch::ExemplarsView exemplars(fake_.batch(0));
  ASSERT_EQ(exemplars.size(), 1U);
  EXPECT_EQ(exemplars.series(0), 0U);
  EXPECT_EQ(exemplars.time(0), 900'000'000);
  EXPECT_EQ(exemplars.value(0), 0.25);
  std::vector<batch::Label> labels;
  ASSERT_TRUE(decode_flat_set(exemplars.labels(0), labels));
  EXPECT_EQ(labels, (std::vector<batch::Label>{{"trace_id", "abc"}}));
  EXPECT_EQ(fake_.metrics["tarsier_remote_write_received_exemplars_total"], 1);
}

TEST_F(WriteRequestTest, CarriesMetadataAsASeriesWithoutRows) {
  WireWriter metadata, request;
  metadata.varint(1, 5).text(2, "rpc_seconds").text(4, "How long.").text(5, "seconds");
  request.message(3, metadata);
  EXPECT_EQ(send(request).code, 204U);
  const batch::SamplesView samples(fake_.batch(0));
  ASSERT_TRUE(samples.has_metadata());
  EXPECT_EQ(samples.type(0), uint32_t{TARSIER_SERIES_SUMMARY});
  EXPECT_EQ(samples.help(0), "How long.");
  EXPECT_EQ(samples.unit(0), "seconds");
  EXPECT_TRUE(samples.times(0).empty());
}

TEST_F(WriteRequestTest, ThatIsDamagedIsRefusedWhole) {
  const WireWriter request = one_series();
  for (size_t size = 1; size < request.text().size(); ++size) {
    std::string block;
    snappy::Compress(request.text().data(), size, &block);
    EXPECT_EQ(send_body(block).code, 400U) << size;
  }
  const std::string block = packed(request);
  EXPECT_EQ(send_body(std::string_view(block).substr(0, block.size() - 3)).code, 400U);
  EXPECT_EQ(send_body("").code, 400U) << "an empty body is no snappy block";
  EXPECT_TRUE(fake_.batches.empty());
}

TEST_F(WriteRequestTest, ThatIsTooLargeOrOfAnotherTypeIsRefused) {
  std::string block;
  const std::string zeros(kMaxDecoded + 1, '\0');
  snappy::Compress(zeros.data(), zeros.size(), &block);
  EXPECT_EQ(send_body(block).code, 413U);
  EXPECT_EQ(send_body(packed(one_series()), "application/json").code, 415U);
  EXPECT_EQ(send_body(packed(one_series()), "application/x-protobuf", "gzip").code, 415U);
}

TEST_F(WriteRequestTest, ThatCannotBeReadIsRefusedAsPrometheusDoes) {
  const std::string block = packed(one_series());
  const std::string v1 = "application/x-protobuf", v2 = v1 + ";proto=io.prometheus.write.v2.Request";
  std::string cut_message;
  snappy::Compress(one_series().text().data(), one_series().text().size() - 3, &cut_message);
  struct Case {
    std::string body, type, encoding;
    uint32_t code;
    std::string text;
  };
  const Case cases[] = {
      {block, "application/json", "snappy", 415, "expected Content-Type application/x-protobuf, got 'application/json'\n"},
      {block, "text/plain;proto=prometheus.WriteRequest", "snappy", 415,
       "expected Content-Type application/x-protobuf, got 'text/plain;proto=prometheus.WriteRequest'\n"},
      {block, v1 + ";proto=prometheus.Other", "snappy", 415,
       "the message 'prometheus.Other' is not known, expected prometheus.WriteRequest or io.prometheus.write.v2.Request\n"},
      {block, v1, "gzip", 415, "expected Content-Encoding snappy, got 'gzip'\n"},
      {block, v2, "identity", 415, "expected Content-Encoding snappy, got 'identity'\n"},
      {std::string(20, '\xff'), v1, "snappy", 400, "the body of 20 bytes is not a snappy block\n"},
      {std::string(20, '\xff'), v2, "snappy", 400, "the body of 20 bytes is not a snappy block\n"},
      {block.substr(0, block.size() - 3), v2, "snappy", 400,
       "the body of " + std::to_string(block.size() - 3) + " bytes is a damaged snappy block\n"},
      {cut_message, v1, "snappy", 400, "malformed protobuf in "},
      {cut_message, v2, "snappy", 400, "malformed protobuf in "},
  };
  for (const Case& each : cases) {
    const auto answer = send_body(each.body, each.type, each.encoding);
    EXPECT_EQ(answer.code, each.code) << each.text;
    EXPECT_TRUE(answer.body.starts_with(each.text)) << answer.body;
    EXPECT_EQ(answer.content_type, "text/plain; charset=utf-8") << each.text;
  }
  EXPECT_TRUE(fake_.batches.empty());
}

TEST_F(WriteRequestTest, ThatMayBeTakenLaterIsNeverDroppedByItsSender) {
  for (const tarsier_status status : {TARSIER_AGAIN, TARSIER_UNAVAILABLE, TARSIER_CANCELLED, TARSIER_RESOURCE, TARSIER_DEADLINE,
                                      TARSIER_DENIED, TARSIER_CORRUPT, TARSIER_INTERNAL}) {
    fake_.publish_answers.push_back(status);
    EXPECT_GE(send(one_series()).code, 500U) << "refused by the bus: " << status;
    fake_.store_failures.emplace_back(status, "not now");
    EXPECT_GE(send(one_series()).code, 500U) << "refused by the store: " << status;
  }
}

TEST_F(WriteRequestTest, IsAnsweredAsTheStoreSays) {
  fake_.store_failures.push_back(Error::invalid("1 of 1 samples refused: out of order"));
  auto answer = send(one_series());
  EXPECT_EQ(answer.code, 400U);
  EXPECT_EQ(answer.body, "1 of 1 samples refused: out of order\n");
  fake_.store_failures.emplace_back(TARSIER_RESOURCE, "the disk is full");
  EXPECT_EQ(send(one_series()).code, 500U);
  fake_.publish_answers.push_back(TARSIER_AGAIN);
  answer = send(one_series());
  EXPECT_EQ(answer.code, 503U);
  EXPECT_EQ(answer.headers["Retry-After"], "1");
  fake_.publish_answers.push_back(TARSIER_UNAVAILABLE);
  EXPECT_EQ(send(one_series()).code, 503U);
}

}  // namespace
}  // namespace tarsier::remote_write
