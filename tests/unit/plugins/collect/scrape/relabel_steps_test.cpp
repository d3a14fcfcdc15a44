// The JSON of the steps that rules take.
#include "plugins/collect/scrape/relabel_steps.hpp"

#include <gtest/gtest.h>

namespace tarsier::scrape {
namespace {

std::vector<Pool> pools() {
  Job job;
  job.name = "api";
  job.relabel_configs = {
      *relabel::Rule::compile({.target_label = "__address__", .replacement = "example.com:443"}),
      *relabel::Rule::compile(
          {.source_labels = {"__address__", "job"}, .regex = "example\\.com:.*", .modulus = 7, .action = "Drop"}),
      *relabel::Rule::compile({.target_label = "job", .replacement = "never"})};
  job.metric_relabel_configs = {*relabel::Rule::compile({.source_labels = {"__name__"}, .regex = "go_.*", .action = "drop"})};
  return {Pool{std::make_shared<const Job>(std::move(job)), {}, {}}};
}

std::string refusal(std::string_view pool, std::string_view labels) {
  const auto body = relabel_steps_json(pools(), pool, labels, {});
  return body ? "taken" : body.error().message();
}

constexpr const char* kFirst =
    "{\"rule\":{\"separator\":\";\",\"regex\":\"(.*)\",\"target_label\":\"__address__\",\"replacement\":\"example.com:443\","
    "\"action\":\"replace\"},"
    "\"output\":{\"__address__\":\"example.com:443\",\"job\":\"test\"},\"keep\":true";
constexpr const char* kSecond =
    "{\"rule\":{\"source_labels\":[\"__address__\",\"job\"],\"separator\":\";\",\"regex\":\"example\\\\.com:.*\",\"modulus\":7,"
    "\"replacement\":\"$1\",\"action\":\"drop\"},\"output\":{},\"keep\":false";
constexpr const char* kThird =
    "{\"rule\":{\"separator\":\";\",\"regex\":\"(.*)\",\"target_label\":\"job\",\"replacement\":\"never\",\"action\":\"replace\"},"
    "\"output\":{},\"keep\":false";

TEST(RelabelSteps, ShowsEachRuleAndWhatItMakes) {
  const auto body = relabel_steps_json(pools(), "api", R"({"job":"test","__address__":"localhost:9090"})", {});
  ASSERT_TRUE(body);
  EXPECT_EQ(*body, std::string("{\"status\":\"success\",\"data\":{\"steps\":[") + kFirst + "}," + kSecond + "}," + kThird + "}]}}");
}

TEST(RelabelSteps, GivesReasonsWhenAsked) {
  const auto body = relabel_steps_json(pools(), "api", R"({"job":"test","__address__":"localhost:9090"})", {.reasons = true});
  ASSERT_TRUE(body);
  EXPECT_EQ(*body, std::string("{\"status\":\"success\",\"data\":{\"steps\":[") + kFirst +
                       ",\"reason\":\"\\\"\\\" matches \\\"(.*)\\\"\"}," + kSecond +
                       ",\"reason\":\"\\\"example.com:443;test\\\" of __address__, job matches \\\"example\\\\\\\\.com:.*\\\"\"}," +
                       kThird + ",\"reason\":\"an earlier rule has dropped it\"}]}}");
}

TEST(RelabelSteps, ShowsTheRulesForSeriesWhenAsked) {
  const auto body = relabel_steps_json(pools(), "api", R"({"__name__":"go_threads"})", {.of_series = true});
  ASSERT_TRUE(body);
  EXPECT_EQ(*body,
            "{\"status\":\"success\",\"data\":{\"steps\":[{\"rule\":{\"source_labels\":[\"__name__\"],\"separator\":\";\","
            "\"regex\":\"go_.*\","
            "\"replacement\":\"$1\",\"action\":\"drop\"},\"output\":{},\"keep\":false}]}}");
}

TEST(RelabelSteps, RefusesWrongParameters) {
  EXPECT_EQ(refusal("", "{}"), "no scrapePool parameter provided");
  EXPECT_EQ(refusal("api", ""), "no labels parameter provided");
  EXPECT_EQ(refusal("other", "{}"), "error retrieving scrape config: scrape pool \"other\" not found");
  EXPECT_EQ(refusal("api", "{"), "error parsing labels: incomplete JSON");
  EXPECT_EQ(refusal("api", "[]"), "error parsing labels: json: cannot unmarshal array into Go value of type map[string]string");
  EXPECT_EQ(refusal("api", R"({"a":1})"), "error parsing labels: json: cannot unmarshal number into Go value of type string");
  EXPECT_EQ(refusal("api", R"({"a":null})"), "taken");
  EXPECT_EQ(refusal("api", "null"), "taken");
  std::string many = "{";
  for (int i = 0; i <= 1000; ++i) many += (i == 0 ? "\"" : ",\"") + std::to_string(i) + "\":\"x\"";
  EXPECT_EQ(refusal("api", many + "}"), "error parsing labels: more than 1000 of them");
}

}  // namespace
}  // namespace tarsier::scrape
