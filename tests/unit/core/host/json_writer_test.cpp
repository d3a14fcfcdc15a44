#include "core/host/json_writer.hpp"

#include <cmath>

#include "core/host/latency_histogram.hpp"
#include "core/host/metrics_text.hpp"
#include "gtest/gtest.h"

namespace tarsier::host {
namespace {

TEST(JsonWriter, SeparatesAndEscapes) {
  JsonWriter json;
  json.begin_object().key("a").integer(uint64_t{1}).key("b").begin_array().string("x\"\\\n\x01").null().number(0.5);
  json.number(std::nan("")).end_array().key("c").begin_object().end_object().key("d").boolean(true).end_object();
  EXPECT_EQ(json.text(), R"({"a":1,"b":["x\"\\\n\u0001",null,0.5,null],"c":{},"d":true})");
}

TEST(JsonWriter, MakesBytesThatAreNoUtf8Readable) {
  JsonWriter json;
  json.string("gr\xc3\xbc\xc3\x9f \xff\xc3");
  EXPECT_EQ(json.text(), "\"gr\xc3\xbc\xc3\x9f \xef\xbf\xbd\xef\xbf\xbd\"");
}

TEST(MetricsText, WritesFamiliesWithEscapedLabels) {
  MetricsText out;
  out.counter("x_total", "Some\nhelp.");
  out.sample({{"a", "1\"2\\3\n"}}, uint64_t{5});
  out.gauge("y", "Y.");
  out.sample({}, 0.25);
  EXPECT_EQ(out.text(),
            "# HELP x_total Some\\nhelp.\n# TYPE x_total counter\nx_total{a=\"1\\\"2\\\\3\\n\"} 5\n# HELP y Y.\n# TYPE y gauge\ny "
            "0.25\n");
}

TEST(LatencyHistogram, FindsQuantiles) {
  LatencyHistogram histogram;
  for (int i = 0; i < 99; ++i) histogram.add(3'000);
  histogram.add(900'000'000);
  EXPECT_DOUBLE_EQ(LatencyHistogram::quantile(histogram.counts(), 0.5), 4e-6);
  EXPECT_GT(LatencyHistogram::quantile(histogram.counts(), 0.999), 0.9);
}

}  // namespace
}  // namespace tarsier::host
