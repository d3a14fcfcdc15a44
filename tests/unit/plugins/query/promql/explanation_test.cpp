// What explain says of a query.
#include "plugins/query/promql/exec/explanation.hpp"

#include <gtest/gtest.h>

#include "plugins/query/promql/api/explain_json.hpp"
#include "tests/conformance/memory_store.hpp"
#include "tests/unit/plugins/query/promql/histogram/written.hpp"

namespace tarsier::promql {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

class ExplanationTest : public testing::Test {
 protected:
  ExplanationTest() {
    for (int series = 0; series < 6; ++series)
      for (int i = 0; i <= 20; ++i)
        store_.add({{"__name__", "x_total"}, {"job", series < 4 ? "a" : "b"}, {"n", std::to_string(series)}}, i * 15 * kSecond, i);
  }

  /// Explains a range query over 300 s in steps of 15 s; `check` sees it before the query ends.
  void explain(std::string_view expression, const std::function<void(const QueryAnswer&, const Explanation&)>& check) {
    Explanation explanation;
    QueryRequest request;
    request.expression = expression;
    request.end_ns = 300 * kSecond;
    request.step_ns = 15 * kSecond;
    request.explanation = &explanation;
    Engine engine({}, [this] { return clock_ += 1'000'000; });
    int answers = 0;
    const auto outcome = engine.query(*store_.table(), request, [&](const QueryAnswer& answer) {
      ++answers;
      check(answer, explanation);
    });
    ASSERT_TRUE(outcome.ok()) << outcome.error().message();
    ASSERT_EQ(answers, 1);
  }

  test::MemoryStore store_;
  int64_t clock_ = 0;
};

TEST_F(ExplanationTest, IsATreeOfWhatWasEvaluated) {
  explain("sum by (job) (rate(x_total[1m])) / 2", [](const QueryAnswer&, const Explanation& explanation) {
    const ExplainedNode* const divide = explanation.root();
    ASSERT_NE(divide, nullptr);
    EXPECT_EQ(divide->expression, "sum by (job) (rate(x_total[1m])) / 2");
    ASSERT_EQ(divide->children.size(), 1U);  // a number needs no evaluation
    const ExplainedNode& sum = *divide->children[0];
    EXPECT_EQ(sum.expression, "sum by (job) (rate(x_total[1m]))");
    EXPECT_EQ(sum.series, 2U);
    EXPECT_TRUE(sum.selects.empty());
    ASSERT_EQ(sum.children.size(), 1U);
    const ExplainedNode& rate = *sum.children[0];
    EXPECT_EQ(rate.expression, "rate(x_total[1m])");
    EXPECT_EQ(rate.how, "windows of 1m slide over each series as the store brings it");
    EXPECT_EQ(rate.series, 6U);
    EXPECT_EQ(rate.steps, 21U);
    EXPECT_EQ(rate.samples, 6U * 21);
    ASSERT_EQ(rate.selects.size(), 1U);
    EXPECT_EQ(rate.selects[0]->matchers, "{__name__=\"x_total\"}");
    EXPECT_EQ(rate.selects[0]->function, "rate");
    EXPECT_EQ(rate.selects[0]->end_ns, 300 * kSecond);
    EXPECT_EQ(rate.selects[0]->samples, 6U * 21);
    EXPECT_EQ(rate.selects[0]->tier_ns, 0);
  });
}

TEST_F(ExplanationTest, SharesTimeBetweenANodeAndWhatIsBelowIt) {
  explain("sum(x_total)", [](const QueryAnswer&, const Explanation& explanation) {
    const ExplainedNode& sum = *explanation.root();
    const ExplainedNode& selector = *sum.children.at(0);
    EXPECT_GT(selector.total_ns, 0);
    EXPECT_EQ(sum.own_ns() + selector.total_ns, sum.total_ns);
  });
}

TEST_F(ExplanationTest, SaysWhatIsEvaluatedOnce) {
  explain("x_total - x_total @ 60", [](const QueryAnswer&, const Explanation& explanation) {
    const ExplainedNode& minus = *explanation.root();
    ASSERT_EQ(minus.children.size(), 2U);
    EXPECT_FALSE(minus.children[0]->once);
    EXPECT_TRUE(minus.children[1]->once);
    EXPECT_EQ(minus.children[1]->steps, 1U);
  });
}

TEST_F(ExplanationTest, ShowsTheStepsOfASubqueryAsItsOwn) {
  explain("max_over_time(sum(x_total)[5m:30s])", [](const QueryAnswer&, const Explanation& explanation) {
    EXPECT_EQ(explanation.root()->how, "windows of 5m slide over the steps of the subquery");
    EXPECT_EQ(explanation.root()->children.at(0)->steps, 20U);
  });
}

TEST_F(ExplanationTest, ShowsAnOperandOnceThatCouldNotBeFolded) {
  store_.add({{"__name__", "x_total"}, {"job", "h"}}, 150 * kSecond, test::written("count:6 sum:1.5 buckets:[2 3 1]"));
  explain("sum(x_total)", [](const QueryAnswer&, const Explanation& explanation) {
    const ExplainedNode& sum = *explanation.root();
    EXPECT_NE(sum.how.find("; series were folded as they came, until"), std::string::npos) << sum.how;
    ASSERT_EQ(sum.children.size(), 1U);
    EXPECT_EQ(sum.children[0]->series, 7U);
    EXPECT_EQ(sum.children[0]->selects.size(), 1U);
  });
}

TEST_F(ExplanationTest, LeavesOutThePartsOfAGiganticQuery) {
  std::string expression = "vector(1)";
  for (size_t i = 0; i < Explanation::kMostNodes + 5; ++i) expression += " or time() > bool x - " + std::to_string(i);
  explain(expression, [](const QueryAnswer& answer, const Explanation& explanation) {
    EXPECT_GT(explanation.omitted(), 0U);
    EXPECT_LE(explanation.root()->expression.size(), Explanation::kMostText + 3);
    EXPECT_NE(explanation_text(answer, explanation).find(" more\n"), std::string::npos);
  });
}

TEST_F(ExplanationTest, IsWrittenForPeople) {
  explain("sum(\n  x_total)", [](const QueryAnswer& answer, const Explanation& explanation) {
    const std::string text = explanation_text(answer, explanation);
    EXPECT_EQ(
        text.find("sum( x_total)\n  = series are grouped by the hash of their labels; each column is folded into its group's\n"
                  "  = 1 series, 21 steps, 126 samples read, "),
        0U)
        << text;
    EXPECT_NE(text.find("\n    < {__name__=\"x_total\"}: 6 series, 126 samples, raw samples\n"), std::string::npos) << text;
    EXPECT_NE(text.find("\ntotal "), std::string::npos) << text;
  });
}

TEST_F(ExplanationTest, IsWrittenForPrograms) {
  explain("x_total", [](const QueryAnswer& answer, const Explanation& explanation) {
    json::Writer json;
    write_explanation(json, answer, explanation);
    const std::string& text = json.text();
    EXPECT_NE(text.find(R"("plan":{"expression":"x_total","type":"instant vector")"), std::string::npos) << text;
    EXPECT_NE(text.find(R"("selects":[{"matchers":"{__name__=\"x_total\"}","start":)"), std::string::npos) << text;
    EXPECT_NE(text.find(R"("children":[]}})"), std::string::npos) << text;
  });
  explain("1 + 1", [](const QueryAnswer& answer, const Explanation& explanation) {
    json::Writer json;
    write_explanation(json, answer, explanation);
    EXPECT_NE(json.text().find(R"("plan":)"), std::string::npos);
  });
}

}  // namespace
}  // namespace tarsier::promql
