#include "plugins/query/promql/api/metric_families.hpp"

#include <gtest/gtest.h>

namespace tarsier::promql {
namespace {

std::string written(std::string_view page, std::string_view only = {}) {
  const auto families = MetricFamilies::of(page);
  if (!families) return families.error().message();
  json::Writer json;
  families->write(json, [&](std::string_view name) { return only.empty() || name == only; });
  return json.take();
}

TEST(MetricFamilies, AreWrittenInOrderOfNamesAndLabels) {
  EXPECT_EQ(written("# HELP b Two\\nlines.\n# TYPE b gauge\nb{x=\"2\"} 1.5\nb{x=\"1\",a=\"q\\\"\"} NaN\n"
                    "# TYPE a_total counter\na_total 3\nfree +Inf\n"),
            R"([{"name":"a_total","type":"COUNTER","metric":[{"counter":{"value":3}}]},)"
            R"({"name":"b","help":"Two\nlines.","type":"GAUGE","metric":[)"
            R"({"label":[{"name":"a","value":"q\""},{"name":"x","value":"1"}],"gauge":{"value":"NaN"}},)"
            R"({"label":[{"name":"x","value":"2"}],"gauge":{"value":1.5}}]},)"
            R"({"name":"free","type":"UNTYPED","metric":[{"untyped":{"value":"Infinity"}}]}])");
}

TEST(MetricFamilies, BringThePartsOfAHistogramTogether) {
  EXPECT_EQ(written("# TYPE h histogram\nh_bucket{le=\"0.5\",x=\"1\"} 1\nh_bucket{x=\"1\",le=\"+Inf\"} 4\nh_sum{x=\"1\"} 2.5\n"
                    "h_count{x=\"1\"} 4\n# TYPE other_sum counter\nother_sum 1\n",
                    "h"),
            R"([{"name":"h","type":"HISTOGRAM","metric":[{"label":[{"name":"x","value":"1"}],)"
            R"("histogram":{"sampleCount":"4","sampleSum":2.5,"bucket":[{"cumulativeCount":"1","upperBound":0.5}]}}]}])");
}

TEST(MetricFamilies, BringThePartsOfASummaryTogether) {
  EXPECT_EQ(written("# TYPE s summary\ns{quantile=\"0.9\"} 7\ns_sum 8\ns_count 2\n"),
            R"([{"name":"s","type":"SUMMARY","metric":[)"
            R"({"summary":{"sampleCount":"2","sampleSum":8,"quantile":[{"quantile":0.9,"value":7}]}}]}])");
}

TEST(MetricFamilies, SayWhatCannotBeRead) { EXPECT_NE(written("a{ 1\n").find("line 1"), std::string::npos); }

}  // namespace
}  // namespace tarsier::promql
