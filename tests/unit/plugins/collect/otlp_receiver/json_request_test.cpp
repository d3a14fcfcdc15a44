// JSON and protobuf of the same request are the same bytes.
#include "plugins/collect/otlp_receiver/json_request.hpp"

#include <bit>
#include <gtest/gtest.h>
#include <limits>

#include "plugins/collect/otlp_receiver/receiver.hpp"
#include "plugins/lib/protobuf_wire/wire_writer.hpp"

namespace tarsier::otlp {
namespace {

using protobuf::WireWriter;

/// WireWriter has no fixed64: bits of a double are the same bytes.
WireWriter& fixed(WireWriter& out, uint32_t number, uint64_t value) { return out.float64(number, std::bit_cast<double>(value)); }

WireWriter request_of(const WireWriter& metric) {
  return WireWriter().message(1, WireWriter().message(2, WireWriter().message(2, metric)));
}
std::string json_of(std::string_view metric) {
  return R"({"resourceMetrics":[{"scopeMetrics":[{"metrics":[)" + std::string(metric) + "]}]}]}";
}
std::string error_of(std::string_view json) {
  const auto read = request_from_json(json);
  return read ? "" : read.error().message();
}

TEST(JsonRequest, IsTheSameAsProtobuf) {
  WireWriter point;
  fixed(point, 2, 5);
  fixed(point, 3, 1'700'000'000'123'456'789);
  point.float64(4, 1.5).message(7, WireWriter().text(1, "a").message(2, WireWriter().text(1, "b")));
  const WireWriter metric =
      WireWriter().text(1, "m").text(3, "By").message(7, WireWriter().message(1, point).varint(2, 2).varint(3, 1));
  const auto read = request_from_json(json_of(
      R"({"name":"m","unit":"By","sum":{"dataPoints":[{"startTimeUnixNano":5,"timeUnixNano":"1700000000123456789","asDouble":1.5,
          "attributes":[{"key":"a","value":{"stringValue":"b"}}]}],"aggregationTemporality":2,"isMonotonic":true}})"));
  ASSERT_TRUE(read.ok()) << read.error().message();
  EXPECT_EQ(*read, request_of(metric).bytes());
}

TEST(JsonRequest, HasNumbersAsTextWhereTheyAreLargeOrNone) {
  const auto value = [](std::string_view json) {
    return request_from_json(json_of(R"({"gauge":{"dataPoints":[{)" + std::string(json) + "}]}}"));
  };
  const auto point = [](const WireWriter& made) {
    return request_of(WireWriter().message(5, WireWriter().message(1, made))).bytes();
  };
  WireWriter negative;
  EXPECT_EQ(*value(R"("asInt":"-3")"), point(fixed(negative, 6, static_cast<uint64_t>(-3))));
  EXPECT_EQ(*value(R"("asDouble":"Infinity")"), point(WireWriter().float64(4, std::numeric_limits<double>::infinity())));
  EXPECT_EQ(*value(R"("asDouble":7)"), point(WireWriter().float64(4, 7)));
  EXPECT_EQ(*value(R"("flags":1)"), point(WireWriter().varint(8, 1)));
  WireWriter last;
  EXPECT_EQ(*value(R"("timeUnixNano":"18446744073709551615")"), point(fixed(last, 3, ~uint64_t{0})));
}

TEST(JsonRequest, HasIdsInHexadecimalAndBytesInBase64) {
  const auto read = request_from_json(json_of(
      R"({"gauge":{"dataPoints":[{"exemplars":[{"spanId":"00fF","traceId":"0102","filteredAttributes":[{"key":"k","value":{"bytesValue":"AP8="}}]}]}]}})"));
  ASSERT_TRUE(read.ok()) << read.error().message();
  const WireWriter exemplar =
      WireWriter()
          .text(4, std::string_view("\0\xff", 2))
          .text(5, "\x01\x02")
          .message(7, WireWriter().text(1, "k").message(2, WireWriter().text(7, std::string_view("\0\xff", 2))));
  EXPECT_EQ(*read, request_of(WireWriter().message(5, WireWriter().message(1, WireWriter().message(5, exemplar)))).bytes());
}

TEST(JsonRequest, KnowsTheNamesOfTheProtoFilesAndLeavesOutWhatItDoesNotKnow) {
  const auto camel = request_from_json(json_of(R"({"gauge":{"dataPoints":[{"timeUnixNano":"1"}]}})"));
  const auto snake = request_from_json(
      R"({"resource_metrics":[{"scope_metrics":[{"metrics":[{"gauge":{"data_points":[{"time_unix_nano":"1","new":{"a":[1]}}]},"x":null}]}]}],"y":1})");
  ASSERT_TRUE(camel.ok() && snake.ok());
  EXPECT_EQ(*camel, *snake);
  EXPECT_EQ(*request_from_json("{}"), std::vector<uint8_t>());
}

TEST(JsonRequest, SaysWhatIsWrongAndWhere) {
  EXPECT_EQ(error_of("{").substr(0, 16), "malformed JSON: ");
  EXPECT_EQ(error_of("[]"), "the request must be an object, not a list");
  EXPECT_EQ(error_of(R"({"resourceMetrics":{}})"), "resourceMetrics must be a list, not an object");
  EXPECT_EQ(error_of(json_of(R"({"name":1})")), "resourceMetrics[0].scopeMetrics[0].metrics[0].name must be text, not that number");
  EXPECT_EQ(error_of(json_of(R"({"gauge":{"dataPoints":[{"timeUnixNano":"-1"}]}})")),
            "resourceMetrics[0].scopeMetrics[0].metrics[0].gauge.dataPoints[0].timeUnixNano must be a whole number above zero, not "
            "that text");
  EXPECT_NE(error_of(json_of(R"({"gauge":{"dataPoints":[{"exemplars":[{"spanId":"0x1"}]}]}})")), "");
  EXPECT_NE(error_of(json_of(R"({"gauge":{"dataPoints":[7]}})")), "");
}

TEST(JsonRequest, NestsNoDeeperThanItMay) {
  std::string deep = R"({"intValue":1})";
  for (int i = 0; i < 1000; ++i) deep = R"({"arrayValue":{"values":[)" + deep + "]}}";
  EXPECT_EQ(error_of(R"({"resourceMetrics":[{"resource":{"attributes":[{"key":"a","value":)" + deep + "}]}}]}").substr(0, 16),
            "malformed JSON: ");
}

TEST(JsonRequest, IsAnsweredInJson) {
  Refusals refusals;
  EXPECT_EQ(response_of(refusals, Form::json), "{}");
  EXPECT_EQ(response_of(refusals, Form::protobuf), "");
  refusals.points = 2;
  refusals.reasons = "why";
  EXPECT_EQ(response_of(refusals, Form::json), R"({"partialSuccess":{"rejectedDataPoints":"2","errorMessage":"why"}})");
}

}  // namespace
}  // namespace tarsier::otlp
