#include "plugins/alert/rules/rule_file.hpp"

#include <gtest/gtest.h>

namespace tarsier::rules {
namespace {

std::string findings(const std::string& text) {
  const auto parsed = parse_rule_file("rules.yml", text);
  return parsed ? "" : parsed.error().message();
}

TEST(RuleFile, ReadsGroupsRulesAndTemplates) {
  const auto parsed = parse_rule_file("rules.yml", R"(
groups:
  - name: node
    interval: 1m30s
    limit: 10
    labels: { team: platform }
    rules:
      - record: job:up:sum
        expr: sum by (job) (up)
      - alert: Down
        expr: up == 0
        for: 5m
        keep_firing_for: 1m
        labels: { severity: critical }
        annotations: { summary: "{{ $labels.job }} is down" }
)");
  ASSERT_TRUE(parsed) << parsed.error().message();
  ASSERT_EQ(parsed->size(), 1U);
  const Group& group = parsed->front();
  EXPECT_EQ(group.interval_ns, 90'000'000'000);
  EXPECT_EQ(group.limit, 10U);
  ASSERT_EQ(group.rules.size(), 2U);
  EXPECT_FALSE(group.rules[0].alerting);
  EXPECT_EQ(group.rules[1].for_ns, 300'000'000'000);
  EXPECT_EQ(group.rules[1].labels.size(), 2U) << "the group's labels are the rule's too";
}

TEST(RuleFile, AnEmptyFileHasNoGroups) {
  const auto parsed = parse_rule_file("rules.yml", "");
  ASSERT_TRUE(parsed);
  EXPECT_TRUE(parsed->empty());
}

TEST(RuleFile, NamesEveryMistakeWithItsLine) {
  const std::string found = findings(R"(groups:
  - name: a
    rules:
      - record: x
        alert: y
        expr: up
      - alert: z
        for: 5 minutes
        expr: up
  - name: a
    intervall: 1m
)");
  EXPECT_NE(found.find("rules.yml:4: only one of 'record' and 'alert' must be set"), std::string::npos) << found;
  EXPECT_NE(found.find("rules.yml:8: for: not a valid duration string: \"5 minutes\""), std::string::npos) << found;
  EXPECT_NE(found.find("rules.yml:11: group: field intervall not found"), std::string::npos) << found;
  EXPECT_NE(found.find("groupname: \"a\" is repeated in the same file"), std::string::npos) << found;
}

TEST(RuleFile, RefusesWhatARecordingRuleCannotHave) {
  EXPECT_NE(findings("groups: [{name: a, rules: [{record: r, expr: up, for: 1m}]}]").find("invalid field 'for' in recording rule"),
            std::string::npos);
  EXPECT_NE(findings("groups: [{name: a, rules: [{record: 'up{x=1}', expr: up}]}]").find("invalid recording rule name"),
            std::string::npos);
  EXPECT_NE(findings("groups: [{name: a, rules: [{record: r}]}]").find("field 'expr' must be set"), std::string::npos);
}

TEST(RuleFile, RefusesATemplateThatDoesNotParse) {
  EXPECT_NE(findings("groups: [{name: a, rules: [{alert: r, expr: up, annotations: {s: '{{ $x'}}]}]").find("unclosed action"),
            std::string::npos);
}

TEST(RuleFile, ReportsBrokenYamlWithItsLine) { EXPECT_EQ(findings("groups:\n  - [").substr(0, 12), "rules.yml:2:"); }

TEST(Duration, ReadsAndPrintsAsPrometheusDoes) {
  const struct {
    const char* text;
    int64_t seconds;
    const char* printed;
  } cases[] = {{"5m", 300, "5m"},       {"1h30m", 5400, "1h30m"}, {"0", 0, "0s"},
               {"90d", 7776000, "90d"}, {"1w", 604800, "1w"},     {"1y", 31536000, "1y"}};
  for (const auto& test : cases) {
    const auto parsed = parse_duration(test.text);
    ASSERT_TRUE(parsed) << test.text;
    EXPECT_EQ(*parsed, test.seconds * 1'000'000'000) << test.text;
    EXPECT_EQ(format_duration(*parsed), test.printed);
  }
  for (const char* bad : {"", "5", "m5", "5m5m", "1m1h", "-5m", "5 m", "99999999999y", "1.5h"})
    EXPECT_FALSE(parse_duration(bad)) << bad;
}

}  // namespace
}  // namespace tarsier::rules
