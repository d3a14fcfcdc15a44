#include "plugins/alert/rules/alerting_rule.hpp"

#include <gtest/gtest.h>

namespace tarsier::rules {
namespace {

constexpr int64_t kMinute = 60'000'000'000;

Rule down_rule(const std::string& more) {
  auto parsed = parse_rule_file("r.yml", "groups: [{name: g, rules: [{alert: Down, expr: up == 0, " + more + "}]}]");
  EXPECT_TRUE(parsed) << parsed.error().message();
  return parsed->front().rules.front();
}

const std::vector<Element> kDown = {{{{"instance", "a"}, {"job", "node"}}, 0.0}};
const std::vector<Element> kNone;

class AlertingRuleTest : public testing::Test {
 protected:
  Result<void> at(int64_t minute, const std::vector<Element>& result, uint64_t limit = 0) {
    return rule_.evaluate(minute * kMinute, result, limit, {});
  }
  const Alert& only() const { return rule_.alerts().begin()->second; }
  AlertingRule rule_{
      down_rule("for: 5m, labels: {severity: page}, annotations: {summary: '{{ $labels.instance }} = {{ $value }}'}")};
};

TEST_F(AlertingRuleTest, WaitsForItsTimeThenFiresThenResolves) {
  ASSERT_TRUE(at(0, kDown));
  EXPECT_EQ(only().state, State::pending);
  EXPECT_TRUE(rule_.take_due(0, kMinute).empty()) << "nobody hears of a pending alert";
  ASSERT_TRUE(at(4, kDown));
  EXPECT_EQ(only().state, State::pending);
  ASSERT_TRUE(at(5, kDown));
  EXPECT_EQ(only().state, State::firing);
  EXPECT_EQ(only().active_at_ns, 0) << "active since it was first seen";
  ASSERT_TRUE(at(6, kNone));
  EXPECT_EQ(only().state, State::inactive);
  EXPECT_EQ(only().resolved_at_ns, 6 * kMinute);
}

TEST_F(AlertingRuleTest, APendingAlertThatGoesAwayLeavesNothing) {
  ASSERT_TRUE(at(0, kDown));
  ASSERT_TRUE(at(1, kNone));
  EXPECT_TRUE(rule_.alerts().empty());
}

TEST_F(AlertingRuleTest, CarriesRenderedLabelsAndAnnotations) {
  ASSERT_TRUE(at(0, kDown));
  EXPECT_EQ(only().labels, (LabelMap{{"alertname", "Down"}, {"instance", "a"}, {"job", "node"}, {"severity", "page"}}));
  EXPECT_EQ(only().annotations, (LabelMap{{"summary", "a = 0"}}));
}

TEST_F(AlertingRuleTest, IsSentWhenItFiresThenEachResendThenWhenItResolves) {
  ASSERT_TRUE(at(0, kDown));
  ASSERT_TRUE(at(5, kDown));
  EXPECT_EQ(rule_.take_due(5 * kMinute, 2 * kMinute).size(), 1U);
  EXPECT_EQ(rule_.take_due(6 * kMinute, 2 * kMinute).size(), 0U);
  EXPECT_EQ(rule_.take_due(7 * kMinute, 2 * kMinute).size(), 1U);
  ASSERT_TRUE(at(8, kNone));
  const auto due = rule_.take_due(8 * kMinute, 2 * kMinute);
  ASSERT_EQ(due.size(), 1U);
  EXPECT_EQ(due[0].state, State::inactive);
  ASSERT_TRUE(at(30, kNone));
  EXPECT_TRUE(rule_.alerts().empty()) << "a resolved alert is told for 15 minutes";
}

TEST_F(AlertingRuleTest, RefusesTwoElementsWithTheSameLabels) {
  const auto twice = at(0, {kDown[0], kDown[0]});
  ASSERT_FALSE(twice);
  EXPECT_NE(twice.error().message().find("same labelset"), std::string::npos);
}

TEST_F(AlertingRuleTest, DropsAllAlertsOverTheLimit) {
  const std::vector<Element> two = {{{{"instance", "a"}}, 0.0}, {{{"instance", "b"}}, 0.0}};
  const auto over = at(0, two, 1);
  ASSERT_FALSE(over);
  EXPECT_EQ(over.error().message(), "exceeded limit of 1 with 2 alerts");
  EXPECT_TRUE(rule_.alerts().empty());
}

TEST(AlertingRule, KeepsFiringForSoLong) {
  AlertingRule rule(down_rule("keep_firing_for: 3m"));
  ASSERT_TRUE(rule.evaluate(0, kDown, 0, {}));
  ASSERT_TRUE(rule.evaluate(kMinute, kNone, 0, {}));
  EXPECT_EQ(rule.state(), State::firing);
  ASSERT_TRUE(rule.evaluate(3 * kMinute, kNone, 0, {}));
  EXPECT_EQ(rule.state(), State::firing);
  ASSERT_TRUE(rule.evaluate(4 * kMinute, kNone, 0, {}));
  EXPECT_EQ(rule.state(), State::inactive);
}

TEST(AlertingRule, SaysInTheAnnotationWhyItsTemplateFailed) {
  AlertingRule rule(down_rule("annotations: {summary: '{{ humanize \"x\" }}'}"));
  ASSERT_TRUE(rule.evaluate(0, kDown, 0, {}));
  EXPECT_NE(rule.alerts().begin()->second.annotations[0].second.find("<error expanding template: "), std::string::npos);
}

}  // namespace
}  // namespace tarsier::rules
