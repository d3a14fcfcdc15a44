// What is asked for, and the rule for Content-Type.
#include "plugins/collect/scrape/protocol.hpp"

#include <gtest/gtest.h>

namespace tarsier::scrape {
namespace {

TEST(AcceptHeader, AsksAsPrometheusDoes) {
  EXPECT_EQ(
      accept_header(default_protocols(false)),
      "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,"
      "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2");
  EXPECT_EQ(accept_header(default_protocols(true)).substr(0, 100),
            "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,app");
  EXPECT_EQ(accept_header(std::vector<std::string>{"PrometheusText0.0.4"}), "text/plain;version=0.0.4;q=0.6,*/*;q=0.5");
}

TEST(ContentType, SaysTheFormat) {
  EXPECT_EQ(*format_of("text/plain", ""), Format::text);
  EXPECT_EQ(*format_of("text/plain; version=0.0.4; charset=utf-8", ""), Format::text);
  EXPECT_EQ(*format_of("Text/Plain;version=1.0.0", "OpenMetricsText1.0.0"), Format::text);
  EXPECT_EQ(*format_of("application/openmetrics-text; version=1.0.0", "PrometheusText0.0.4"), Format::open_metrics);
}

TEST(ContentType, OthersNeedAFallback) {
  for (const char* type : {"", "text/html", "application/json; charset=utf-8", "garbage"}) {
    EXPECT_FALSE(format_of(type, "")) << type;
    EXPECT_EQ(*format_of(type, "PrometheusText0.0.4"), Format::text) << type;
    EXPECT_EQ(*format_of(type, "OpenMetricsText0.0.1"), Format::open_metrics) << type;
  }
}

TEST(ContentType, ProtobufIsTakenAsMessages) {
  const std::string type = "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; ";
  EXPECT_EQ(*format_of(type + "encoding=delimited", ""), Format::protobuf);
  EXPECT_FALSE(format_of(type + "Encoding = text", "PrometheusText0.0.4"));
}

TEST(StatusText, NamesCodes) {
  EXPECT_EQ(status_text(404), "404 Not Found");
  EXPECT_EQ(status_text(599), "599");
}

}  // namespace
}  // namespace tarsier::scrape
