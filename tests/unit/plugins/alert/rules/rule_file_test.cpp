#include "plugins/alert/rules/rule_file.hpp"

#include <gtest/gtest.h>

#include "plugins/alert/rules/rule_files.hpp"

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
  EXPECT_NE(found.find("rules.yml:4:9: only one of 'record' and 'alert' must be set"), std::string::npos) << found;
  EXPECT_NE(found.find("rules.yml:8:14: for: not a valid duration string: \"5 minutes\""), std::string::npos) << found;
  EXPECT_NE(found.find("rules.yml:11:5: group: field intervall not found"), std::string::npos) << found;
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

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  return text.replace(text.find(from), from.size(), to);
}

TEST(RuleFile, ShowsAMistakeInAnExpressionWhereItIsWritten) {
  const std::string file = "groups:\n  - name: g\n    rules:\n      - record: r\n        expr: EXPR\n";
  const struct {
    std::string written, place;
  } cases[] = {
      // a parenthesis too many is told behind it, as the original does
      {"up ==", "5:20"},
      {"sum(up) by", "5:25"},
      {"'up{job=\"it''s\"} + )'", "5:35"},
      {"\"up{job=\\\"\\u00e4\\\"}\\n  + )\"", "5:41"},
      {"up\n          + )", "6:14"},
      {"|\n          up\n\n            + nothing(up)", "8:15"},
      {">-\n          up\n          + )", "7:14"},
      {"|2\n          rate(up)\n", "6:16"},
      {"!!str &e up +* 1", "5:28"},
      {"'\"\u00e4\" + )'", "5:24"},
  };
  for (const auto& one : cases) {
    const std::string found = findings(replaced(file, "EXPR", one.written));
    EXPECT_EQ(found.substr(0, found.find(": ")), "rules.yml:" + one.place) << one.written << "\n" << found;
    EXPECT_NE(found.find("group \"g\", rule \"r\": parse error: "), std::string::npos) << found;
  }
}

TEST(RuleFile, CountsPlacesBehindAByteOrderMarkAndCarriageReturns) {
  const std::string found = findings(
      "\xef\xbb\xbfgroups:\r\n  - name: g\r\n    rules:\r\n      - record: r\r\n        expr: |\r\n          up\r\n          + "
      ")\r\n");
  EXPECT_EQ(found.substr(0, found.find(": ")), "rules.yml:7:14") << found;
}

TEST(RuleFile, ShowsAMistakeInATemplateWhereItIsWritten) {
  const std::string found = findings(R"(groups:
  - name: g
    rules:
      - alert: a
        expr: up
        labels:
          severity: "{{ $level }}"
        annotations:
          text: |
            first
            second {{ nosuch $value }} {{ $externalLabels.a }}
)");
  EXPECT_EQ(found,
            "rules.yml:7:25: labels \"severity\": undefined variable \"$level\"\n"
            "rules.yml:11:23: annotations \"text\": function \"nosuch\" is not defined");
}

TEST(RuleFile, RefusesAKeyThatIsThereTwice) {
  EXPECT_EQ(findings("groups:\n  - name: a\n    rules:\n      - record: x\n        expr: up\n        expr: up\n"),
            "rules.yml:6:9: mapping key \"expr\" already defined at line 5");
  EXPECT_NE(findings("groups: [{name: a, rules: [{record: x, expr: up, labels: {a: 1, a: 2}}]}]").find("already defined at line 1"),
            std::string::npos);
}

TEST(RuleFiles, NamesRulesOfTheSameNameAndLabels) {
  const auto parsed = parse_rule_file("rules.yml", R"(groups:
  - name: a
    rules:
      - { record: x, expr: up }
      - { alert: y, expr: up, labels: { s: page } }
      - { alert: y, expr: up, labels: { s: mail } }
  - name: b
    rules:
      - { record: x, expr: up * 2 }
)");
  ASSERT_TRUE(parsed) << parsed.error().message();
  const std::vector<std::string> found = duplicate_rules(*parsed);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found.front(),
            "rules.yml:9:9: group \"b\", rule \"x\" has the name and labels of the rule at line 4: both write the same series");
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
