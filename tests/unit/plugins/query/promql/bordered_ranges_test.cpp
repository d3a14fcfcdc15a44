// Anchored and smoothed ranges as a result: samples with one drawn on each border.
#include <gtest/gtest.h>
#include <utility>
#include <vector>

#include "plugins/query/promql/exec/engine.hpp"
#include "tests/conformance/memory_store.hpp"
#include "tests/unit/plugins/query/promql/histogram/written.hpp"

namespace tarsier::promql {
namespace {

constexpr int64_t kSecond = 1'000'000'000;
using Points = std::vector<std::pair<int64_t, double>>;  // seconds

/// x is 0, 10, 20 ... each 10 s from 100 s to 150 s.
class BorderedRanges : public testing::Test {
 protected:
  BorderedRanges() {
    for (int i = 0; i <= 5; ++i) store_.add({{"__name__", "x"}}, (100 + i * 10) * kSecond, i * 10);
  }
  Result<Points> points(std::string_view expression, int64_t at_s) {
    QueryRequest request;
    request.expression = expression;
    request.start_ns = at_s * kSecond;
    Engine engine({}, [] { return int64_t{0}; });
    Points found;
    auto outcome = engine.query(*store_.table(), request, [&](const QueryAnswer& answer) {
      for (const RawSeries& series : answer.matrix)
        for (size_t i = 0; i < series.values.size(); ++i) found.emplace_back(series.times_ns[i] / kSecond, series.values[i]);
    });
    if (!outcome) return std::move(outcome).error();
    return found;
  }

  test::MemoryStore store_;
};

TEST_F(BorderedRanges, BeginWithTheSampleBeforeThemWhenTheyAreAnchored) {
  EXPECT_EQ(*points("x[20s] anchored", 145), (Points{{125, 20}, {130, 30}, {140, 40}, {145, 40}}));
  EXPECT_EQ(*points("x[20s] anchored", 140), (Points{{120, 20}, {130, 30}, {140, 40}}));
}

TEST_F(BorderedRanges, HaveLinesDrawnToTheirBordersWhenTheyAreSmoothed) {
  EXPECT_EQ(*points("x[20s] smoothed", 145), (Points{{125, 25}, {130, 30}, {140, 40}, {145, 45}}));
  EXPECT_EQ(*points("x[20s] smoothed", 165), (Points{{145, 45}, {150, 50}, {165, 50}}));
}

TEST_F(BorderedRanges, HaveTheNearestValueOnABorderWithoutASampleBeyond) {
  EXPECT_EQ(*points("x[20s] anchored", 105), (Points{{85, 0}, {100, 0}, {105, 0}}));
  EXPECT_EQ(*points("x[20s] smoothed", 95), (Points{{75, 0}, {95, 0}}));
}

TEST_F(BorderedRanges, AreNotThereWhenNothingIsInThem) {
  EXPECT_EQ(*points("x[20s] anchored", 200), Points());
  EXPECT_EQ(*points("x[20s] anchored", 90), Points());
  EXPECT_EQ(*points("y[20s] smoothed", 140), Points());
}

TEST_F(BorderedRanges, AreRefusedForHistograms) {
  store_.add({{"__name__", "h"}}, 100 * kSecond, test::written("count:3 sum:4.5 buckets:[1 2]"));
  const auto refused = points("h[1m] anchored", 120);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().message(), "anchored modifier is not supported with histograms");
  EXPECT_TRUE(points("h[1m]", 120).ok());
}

}  // namespace
}  // namespace tarsier::promql
