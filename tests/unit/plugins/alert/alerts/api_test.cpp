#include "plugins/alert/alerts/api.hpp"

#include <gtest/gtest.h>

namespace tarsier::alerts {
namespace {

TEST(ParseAlerts, ReadsWhatPrometheusPosts) {
  const auto parsed = parse_alerts(R"([{"labels":{"b":"2","a":"1"},"annotations":{"s":"x"},"startsAt":"2026-11-22T10:23:51.061Z",
    "endsAt":"2026-11-22T12:23:51+02:00","generatorURL":"http://p/graph"}])");
  ASSERT_TRUE(parsed) << parsed.error().message();
  const Alert& alert = parsed->front();
  EXPECT_EQ(alert.labels, (LabelMap{{"a", "1"}, {"b", "2"}}));
  EXPECT_EQ(alert.starts_ns, 1795343031061000000);
  EXPECT_EQ(alert.ends_ns, 1795343031000000000);
  EXPECT_EQ(alert.generator_url, "http://p/graph");
}

TEST(ParseAlerts, TakesAbsentAndZeroTimesAsNotGiven) {
  const auto parsed = parse_alerts(R"([{"labels":{"a":"1"},"endsAt":"0001-01-01T00:00:00Z"}])");
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->front().starts_ns, 0);
  EXPECT_EQ(parsed->front().ends_ns, 0);
}

TEST(ParseAlerts, NamesTheMistake) {
  const struct {
    const char* body;
    const char* message;
  } cases[] = {
      {"nonsense", "the body is not JSON"},
      {"{}", "must be an array"},
      {"[{}]", "alert 0: labels is required"},
      {R"([{"labels":{"a":1}}])", "labels.a must be a string"},
      {R"([{"labels":{"a":"b"},"startsAt":"yesterday"}])", "not a time by RFC 3339"},
      {R"([{"labels":{"a":"b"},"startsAt":"2026-11-22T10:23:51"}])", "not a time by RFC 3339"},
  };
  for (const auto& test : cases) {
    const auto parsed = parse_alerts(test.body);
    ASSERT_FALSE(parsed) << test.body;
    EXPECT_NE(parsed.error().message().find(test.message), std::string::npos) << parsed.error().message();
  }
}

}  // namespace
}  // namespace tarsier::alerts
