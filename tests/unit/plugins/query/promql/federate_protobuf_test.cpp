#include "plugins/query/promql/api/federate_protobuf.hpp"

#include <gtest/gtest.h>

namespace tarsier::promql {
namespace {

constexpr std::string_view kProtobuf = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited";

Labels labels(std::initializer_list<std::pair<std::string_view, std::string_view>> pairs) {
  LabelsBuilder builder;
  for (const auto& [name, value] : pairs) builder.set(name, value);
  return builder.build();
}

TEST(FederateFormat, IsProtobufForWhoPrefersIt) {
  EXPECT_FALSE(read_accept("").protobuf);
  EXPECT_FALSE(read_accept("*/*").protobuf);
  EXPECT_TRUE(read_accept(kProtobuf).protobuf);
  EXPECT_TRUE(read_accept(std::string(kProtobuf) + ";q=0.7,text/plain;version=0.0.4;q=0.3").protobuf);
  EXPECT_TRUE(read_accept("text/plain;version=0.0.4;q=0.3, " + std::string(kProtobuf) + " ; q=0.7").protobuf);
  EXPECT_FALSE(read_accept(std::string(kProtobuf) + ";q=0.2,text/plain;q=0.3").protobuf);
  EXPECT_FALSE(read_accept(std::string(kProtobuf) + ";q=0").protobuf);
  EXPECT_TRUE(read_accept(std::string(kProtobuf) + ";q=0.2,application/openmetrics-text;q=0.9").protobuf) << "which is not offered";
  EXPECT_FALSE(read_accept("application/vnd.google.protobuf;proto=other;encoding=delimited").protobuf);
  EXPECT_FALSE(read_accept("application/vnd.google.protobuf;;=;q=").protobuf);
}

TEST(FederateFormat, HasNamesAsTheyAreForWhoAllowsThem) {
  EXPECT_FALSE(read_accept(kProtobuf).utf8);
  EXPECT_TRUE(read_accept(std::string(kProtobuf) + ";escaping=allow-utf-8").utf8);
}

TEST(ProtobufPage, IsWhatPrometheusSends) {
  ProtobufPage page(false);
  page.add(labels({{"__name__", "up"}, {"instance", "127.0.0.1:19797"}, {"job", "self"}}), 1795884980509, 1, nullptr);
  const std::string bytes = page.finish().at(0);
  EXPECT_EQ(bytes.substr(0, 9), std::string("D\n\x02up\x18\x03\"<", 9));
  EXPECT_EQ(bytes.size(), 69U);
  EXPECT_EQ(page.content_type(),
            "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited; escaping=underscores");
}

TEST(ProtobufPage, BeginsAFamilyForEachTypeOfAName) {
  ProtobufPage page(true);
  NativeHistogram histogram;
  histogram.count = 3;
  histogram.positive_spans = {{0, 2}};
  histogram.positive_buckets = {1, 2};
  page.add(labels({{"__name__", "a.b"}, {"x", "1"}}), 1, 1, nullptr);
  page.add(labels({{"__name__", "a.b"}, {"x", "2"}}), 1, 0, &histogram);
  histogram.counter_reset = CounterReset::gauge;
  page.add(labels({{"__name__", "a.b"}, {"x", "3"}}), 1, 0, &histogram);
  const std::string bytes = page.finish().at(0);
  size_t families = 0;
  for (size_t at = 0; at < bytes.size(); ++families) at += 1 + static_cast<uint8_t>(bytes[at]);
  EXPECT_EQ(families, 3U);
  for (const std::string_view type : {"a.b\x18\x03", "a.b\x18\x04", "a.b\x18\x05"}) EXPECT_NE(bytes.find(type), std::string::npos);
}

TEST(ProtobufPage, IsEmptyWhenNothingIsFound) { EXPECT_EQ(ProtobufPage(false).finish(), std::vector<std::string>(1)); }

}  // namespace
}  // namespace tarsier::promql
