// What queries hold in memory: as much as their answers and parts have, and asked for before it is there.
#include <functional>
#include <gtest/gtest.h>

#include "plugins/query/promql/exec/engine.hpp"
#include "tests/conformance/memory_store.hpp"

namespace tarsier::promql {
namespace {

constexpr int64_t kSecond = 1'000'000'000;
constexpr int64_t kSteps = 2000;

class QueryMemoryTest : public testing::Test {
 protected:
  QueryMemoryTest() {
    // 100 series, one after the other, each with one sample that is there for 300 steps.
    for (int series = 0; series < 100; ++series)
      store_.add({{"__name__", "churn"}, {"n", std::to_string(series)}}, series * 15 * kSecond, series + 1);
    for (int series = 0; series < 20; ++series) store_.add({{"__name__", "x"}, {"n", std::to_string(series)}}, 0, 1);
  }

  /// A range query over 2,000 steps of one second.
  Result<void> ask(const std::string& expression, uint64_t max_samples, const std::function<void(const QueryAnswer&)>& look) {
    EngineOptions options;
    options.limits.max_samples = max_samples;
    QueryRequest request;
    request.expression = expression;
    request.end_ns = (kSteps - 1) * kSecond;
    request.step_ns = kSecond;
    return Engine(options, [] { return int64_t{0}; }).query(*store_.table(), request, look);
  }
  /// The most samples that a query had in memory.
  uint64_t peak(const std::string& expression) {
    uint64_t found = 0;
    const auto outcome = ask(expression, 50'000'000, [&](const QueryAnswer& answer) { found = answer.peak_samples; });
    EXPECT_TRUE(outcome.ok()) << expression << ": " << outcome.error().message();
    return found;
  }
  void expect_refused(const std::string& expression, uint64_t max_samples) {
    const auto outcome = ask(expression, max_samples, [](const QueryAnswer&) { FAIL(); });
    ASSERT_FALSE(outcome.ok()) << expression;
    EXPECT_EQ(outcome.error().code(), TARSIER_RESOURCE) << expression;
  }

  test::MemoryStore store_;
};

TEST_F(QueryMemoryTest, HoldsOfASeriesTheStepsThatItIsThere) {
  EXPECT_LE(peak("churn"), 100U * 300);
  EXPECT_LE(peak("churn * 2"), 100U * 300);
  EXPECT_LE(peak("last_over_time(churn[1m])"), 100U * 60);
  EXPECT_LE(peak("churn + churn"), 3U * 100 * 300 + 8192) << "both sides and the result";
  EXPECT_LE(peak("topk(1, churn)"), 2U * 100 * 300);
  EXPECT_LE(peak("sum by (n) (churn)"), 3U * 100 * 300) << "parts, all of them and the result";
  EXPECT_LE(peak("sum by (n) (sort(churn))"), 3U * 100 * 300);
  EXPECT_LE(peak("churn or x"), 2U * (100 * 300 + 20 * 300));
}

TEST_F(QueryMemoryTest, AnswersTheSameWhateverIsKeptOfASeries) {
  const auto outcome = ask("churn", 50'000'000, [](const QueryAnswer& answer) {
    ASSERT_EQ(answer.series.size(), 100U);
    for (const Series& series : answer.series) {
      const auto begin = static_cast<size_t>(std::stoi(std::string(series.labels.get("n"))) * 15);
      for (size_t step = 0; step < kSteps; ++step) EXPECT_EQ(series.present_at(step), step >= begin && step < begin + 300) << step;
    }
  });
  EXPECT_TRUE(outcome.ok());
  const auto expect_all = [&](const std::string& expression, const std::function<double(size_t)>& expected) {
    const auto answered = ask(expression, 50'000'000, [&](const QueryAnswer& answer) {
      ASSERT_EQ(answer.series.size(), 1U) << expression;
      for (size_t step = 0; step < kSteps; ++step) {
        const double value = expected(step), found = answer.series[0].at(step);
        EXPECT_TRUE(is_absent(value) ? is_absent(found) : found == value) << expression << " " << step << " " << found;
      }
    });
    EXPECT_TRUE(answered.ok()) << expression << ": " << answered.error().message();
  };
  // At a step there are those that began in the last 300, which are at most 20 of the 100.
  const auto newest = [](size_t step) { return step / 15 < 100 ? step / 15 : 99; };
  const auto oldest = [](size_t step) { return step < 300 ? 0 : (step - 300) / 15 + 1; };
  const auto alive = [&](size_t step) { return newest(step) + 1 - std::min<size_t>(oldest(step), 100); };
  const auto if_any = [&](auto value) {
    return [&alive, value](size_t step) { return alive(step) == 0 ? kNothing : static_cast<double>(value(step)); };
  };
  expect_all("sum(sort(churn)) - sum(churn)", if_any([](size_t) { return 0; }));
  expect_all("count(sort(churn))", if_any(alive));
  expect_all("max(churn + on (n) churn)", if_any([&](size_t step) { return 2 * (newest(step) + 1); }));
  expect_all("sum(topk(1, churn))", if_any([&](size_t step) { return newest(step) + 1; }));
  expect_all("sum(limitk(1, churn))", if_any([&](size_t step) { return oldest(step) + 1; }));
  expect_all("quantile(1, churn)", if_any([&](size_t step) { return newest(step) + 1; }));
  expect_all("sum(churn unless (churn > 10) or churn > 10) - sum(churn)", if_any([](size_t) { return 0; }));
  expect_all("count(count_values by (n) (\"v\", churn))", if_any(alive));
  expect_all("sum(churn * on () group_left () vector(2))", [&](size_t step) {
    double sum = 0;
    for (size_t n = oldest(step); n <= newest(step) && n < 100; ++n) sum += 2 * (static_cast<double>(n) + 1);
    return alive(step) == 0 ? kNothing : sum;
  });
  expect_all("absent(churn)", [&](size_t step) { return alive(step) == 0 ? 1 : kNothing; });
  expect_all("count(max_over_time(churn[1s:1s]))", if_any(alive));
}

TEST_F(QueryMemoryTest, CountsAsManyValuesAsStepsWithoutTheirSquare) {
  EXPECT_LE(peak("count_values(\"v\", vector(time()))"), 40U * kSteps);
}

TEST_F(QueryMemoryTest, HoldsScalarsAsItHoldsVectors) {
  EXPECT_LE(peak("vector(1 + 2 * pi() + (3 + 4))"), 1U * kSteps + 1) << "what is the same at all steps is one number";
  EXPECT_LE(peak("vector(time() + 1)"), 1U * kSteps);
  std::string nested = "1";
  for (int i = 0; i < 50; ++i) nested = "time() + (" + nested + ")";
  EXPECT_GE(peak("vector(" + nested + ")"), 50U * kSteps) << "each is kept until what is right of it is known";
  expect_refused("vector(" + nested + ")", 20 * kSteps);
  expect_refused(nested, 20 * kSteps);
  expect_refused("hour()", kSteps - 1);
  expect_refused("absent(none)", kSteps - 1);
}

TEST_F(QueryMemoryTest, RefusesWhatManyTimesOneMakesBeforeItIsThere) {
  // 20 series at 300 steps, each with another of the other side at each.
  const std::string many = "x * on () group_left (v) count_values(\"v\", vector(time()))";
  EXPECT_LE(peak(many), 20U * 300 * 40 + 40 * kSteps);
  expect_refused(many, 20'000);
}

TEST_F(QueryMemoryTest, RefusesWhatIsTheSameAtAllStepsBeforeItIsThere) {
  EXPECT_LE(peak("x @ 0"), 20U * kSteps + 20);
  expect_refused("x @ 0", 20 * kSteps - 1);
  expect_refused("count(x @ 0 > 0)", 1000);
}

}  // namespace
}  // namespace tarsier::promql
