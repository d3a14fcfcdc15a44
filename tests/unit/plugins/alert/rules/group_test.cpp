#include "plugins/alert/rules/group.hpp"

#include <bit>
#include <cstring>
#include <gtest/gtest.h>
#include <map>

#include "tarsier/batch.hpp"
#include "tarsier/histogram.hpp"

namespace tarsier::rules {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

class FixedQuerier final : public Querier {
 public:
  Result<std::vector<Element>> query(const std::string& expression, int64_t time_ns) override {
    asked_at_ns = time_ns;
    const auto found = answers.find(expression);
    if (found == answers.end()) return Error(TARSIER_UNAVAILABLE, "no such answer");
    return found->second;
  }
  std::map<std::string, std::vector<Element>> answers;
  int64_t asked_at_ns = 0;
};

/// Keeps what it was given as "name{labels} value" lines; stale markers as "stale".
class KeepingSink final : public Sink {
 public:
  Result<void> samples(batch::SamplesBuilder& samples) override {
    samples.finish(1, [&](batch::Assembly& assembly) {
      std::vector<uint64_t> memory(assembly.size() / 8 + 1);
      assembly.write(reinterpret_cast<uint8_t*>(memory.data()));
      const batch::SamplesView view{batch::View({reinterpret_cast<uint8_t*>(memory.data()), assembly.size()})};
      for (uint32_t i = 0; i < view.series_count(); ++i) {
        std::string line;
        for (uint32_t label = 0; label < view.labels().size(i); ++label)
          line += std::string(view.labels().name(i, label)) + "=" + std::string(view.labels().value(i, label)) + " ";
        const double value = view.values(i)[0];
        if (view.has_histograms() && !view.histogram(i, 0).empty())
          line += "histogram of " + std::to_string(view.histogram(i, 0).size()) + " bytes, sum ";
        lines.push_back(line + (std::bit_cast<uint64_t>(value) == TARSIER_STALE_NAN_BITS ? "stale" : std::to_string(value)));
      }
      return 0;
    });
    return refuse ? Result<void>(Error(TARSIER_RESOURCE, "disk full")) : Result<void>();
  }
  Result<void> alerts(batch::AlertsBuilder&) override {
    ++alert_batches;
    return {};
  }
  std::vector<std::string> take() { return std::exchange(lines, {}); }
  std::vector<std::string> lines;
  int alert_batches = 0;
  bool refuse = false;
};

class RuleGroupTest : public testing::Test {
 protected:
  RuleGroupTest() {
    querier_.answers["sum(up)"] = {{{{"job", "node"}}, 2.0}};
    querier_.answers["up == 0"] = {{{{"instance", "a"}}, 0.0}};
  }
  static RuleGroup make(const std::string& rules) {
    auto parsed = parse_rule_file("r.yml", "groups: [{name: g, interval: 15s, query_offset: 5s, rules: [" + rules + "]}]");
    EXPECT_TRUE(parsed) << parsed.error().message();
    return RuleGroup(parsed->front(), {60 * kSecond, 60 * kSecond, {}});
  }
  FixedQuerier querier_;
  KeepingSink sink_;
};

using Lines = std::vector<std::string>;

TEST_F(RuleGroupTest, RecordsAndMarksVanishedSeriesAsStale) {
  RuleGroup group = make("{record: up_sum, expr: sum(up), labels: {team: x}}");
  EXPECT_EQ(group.evaluate(15 * kSecond, querier_, sink_), 0U);
  EXPECT_EQ(sink_.take(), (Lines{"__name__=up_sum job=node team=x 2.000000"}));
  EXPECT_EQ(querier_.asked_at_ns, 10 * kSecond) << "query_offset looks back";
  querier_.answers["sum(up)"].clear();
  EXPECT_EQ(group.evaluate(30 * kSecond, querier_, sink_), 0U);
  EXPECT_EQ(sink_.take(), (Lines{"__name__=up_sum job=node team=x stale"}));
  EXPECT_EQ(group.evaluate(45 * kSecond, querier_, sink_), 0U);
  EXPECT_TRUE(sink_.take().empty()) << "marked once";
}

TEST_F(RuleGroupTest, WritesWhatIsANativeHistogramAsOne) {
  NativeHistogram histogram;
  histogram.count = 3;
  histogram.sum = 4.5;
  histogram.positive_spans = {{0, 2}};
  histogram.positive_buckets = {1, 2};
  Element element{{{"job", "a"}}, 0, histogram.sum, {}};
  encode_histogram(histogram, element.histogram);
  const std::string bytes = std::to_string(element.histogram.size());
  querier_.answers["sum(size)"] = {element, Element{{{"job", "b"}}, 7}};
  RuleGroup group = make("{record: sizes, expr: sum(size)}");
  EXPECT_EQ(group.evaluate(15 * kSecond, querier_, sink_), 0U);
  EXPECT_EQ(sink_.take(),
            (Lines{"__name__=sizes job=a histogram of " + bytes + " bytes, sum 4.500000", "__name__=sizes job=b 7.000000"}));
}

TEST_F(RuleGroupTest, WritesAlertsSeriesAndSendsTheAlert) {
  RuleGroup group = make("{alert: Down, expr: up == 0}");
  EXPECT_EQ(group.evaluate(15 * kSecond, querier_, sink_), 0U);
  EXPECT_EQ(sink_.take(), (Lines{"__name__=ALERTS alertname=Down alertstate=firing instance=a 1.000000",
                                 "__name__=ALERTS_FOR_STATE alertname=Down instance=a 15.000000"}));
  EXPECT_EQ(sink_.alert_batches, 1);
}

TEST_F(RuleGroupTest, AFailingRuleIsReportedAndTheOthersGoOn) {
  RuleGroup group = make("{record: a, expr: nosuch}, {record: b, expr: sum(up)}");
  EXPECT_EQ(group.evaluate(15 * kSecond, querier_, sink_), 1U);
  const auto rules = group.rules();
  EXPECT_EQ(rules[0].health.last_error, "no such answer");
  EXPECT_EQ(rules[1].health.last_error, "");
  EXPECT_EQ(sink_.take().size(), 1U);
}

TEST_F(RuleGroupTest, AStoreThatRefusesIsTheRulesError) {
  RuleGroup group = make("{record: b, expr: sum(up)}");
  sink_.refuse = true;
  EXPECT_EQ(group.evaluate(15 * kSecond, querier_, sink_), 1U);
  EXPECT_EQ(group.rules()[0].health.last_error, "disk full");
}

TEST_F(RuleGroupTest, ContinuesAlertsOfTheGroupItReplaces) {
  RuleGroup before = make("{alert: Down, expr: up == 0, for: 1m}, {alert: Gone, expr: up == 0}");
  before.evaluate(0, querier_, sink_);
  RuleGroup after = make("{alert: Down, expr: up == 0, for: 1m, annotations: {text: new}}");
  after.continue_from(before);
  sink_.take();
  after.evaluate(60 * kSecond, querier_, sink_);
  EXPECT_EQ(after.rules()[0].state, State::firing) << "its minute began before the reload";
  before.retire(61 * kSecond, sink_);
  const auto lines = sink_.take();
  EXPECT_NE(std::find(lines.begin(), lines.end(), "__name__=ALERTS alertname=Gone alertstate=firing instance=a stale"),
            lines.end());
}

}  // namespace
}  // namespace tarsier::rules
