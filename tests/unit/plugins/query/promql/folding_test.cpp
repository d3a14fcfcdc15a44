// Aggregations that are folded in parts.
#include "plugins/query/promql/exec/folding.hpp"

#include <cmath>
#include <gtest/gtest.h>
#include <limits>
#include <random>

#include "plugins/query/promql/exec/numeric.hpp"

namespace tarsier::promql {
namespace {

constexpr Token kOperators[] = {Token::kSum, Token::kAvg, Token::kCount,  Token::kGroup,
                                Token::kMin, Token::kMax, Token::kStddev, Token::kStdvar};
constexpr double kInf = std::numeric_limits<double>::infinity();

Series result_of(const Folding& folding, size_t group) {
  Series out;
  folding.result(group, out);
  return out;
}

/// Folds each column by itself into a group, and the groups of `size` columns in a row into a part.
double in_parts(Token op, const std::vector<double>& values, size_t size) {
  const auto all = make_folding(op, 1);
  all->add_group();
  for (size_t at = 0; at < values.size(); at += size) {
    const auto part = make_folding(op, 1);
    part->add_group();
    for (size_t i = at; i < std::min(values.size(), at + size); ++i) part->add(0, Column{values[i]});
    all->merge(0, *part, 0);
  }
  return result_of(*all, 0).at(0);
}

void expect_same_in_parts(const std::vector<double>& values) {
  for (const Token op : kOperators) {
    const double at_once = in_parts(op, values, values.size());
    for (const size_t size : {1U, 2U, 7U}) {
      const double parts = in_parts(op, values, size);
      EXPECT_EQ(is_absent(at_once), is_absent(parts)) << static_cast<int>(op);
      EXPECT_TRUE(is_absent(at_once) || almost_equal(at_once, parts, 1e-12))
          << static_cast<int>(op) << " of " << size << ": " << at_once << " " << parts;
    }
  }
}

TEST(Folding, OfPartsIsAsOfAllAtOnce) {
  std::mt19937_64 random(7);
  std::uniform_real_distribution<double> value(-1e6, 1e6);
  std::vector<double> values;
  for (int i = 0; i < 100; ++i) values.push_back(i % 9 == 0 ? kNothing : value(random));
  expect_same_in_parts(values);
}

TEST(Folding, OfPartsIsTheSameAtTheEdges) {
  expect_same_in_parts({kNothing, kNothing, kNothing});
  expect_same_in_parts({kNothing, 5});
  expect_same_in_parts({-0.0});
  expect_same_in_parts({1, kInf, 2});
  expect_same_in_parts({kInf, -kInf, 1});
  expect_same_in_parts({1, std::nan(""), 2, 3});
  expect_same_in_parts({std::nan(""), std::nan("")});
  expect_same_in_parts({1e16, 1, -1e16, 1, 1e16, 1, -1e16, 1});
}

TEST(Folding, AveragesWhatWouldOverflowAsASum) {
  const std::vector<double> values(12, 1.7e308);
  EXPECT_NEAR(in_parts(Token::kAvg, values, 1) / 1.7e308, 1, 1e-12);
  EXPECT_NEAR(in_parts(Token::kAvg, values, 5) / 1.7e308, 1, 1e-12);
}

TEST(Folding, CountsHistogramsAndAddsNone) {
  const HistogramColumn histograms = {std::make_shared<FloatHistogram>(), nullptr};
  for (const Token op : kOperators) {
    const auto folding = make_folding(op, 2);
    folding->add_group();
    folding->add(0, histograms);
    const bool counts = op == Token::kCount || op == Token::kGroup;
    EXPECT_EQ(is_present(result_of(*folding, 0).at(0)), counts);
    EXPECT_TRUE(is_absent(result_of(*folding, 0).at(1)));
  }
}

TEST(Folding, KeepsOfAGroupTheStepsThatItHas) {
  constexpr size_t kSteps = 10'000;
  const auto folding = make_folding(Token::kSum, kSteps);
  std::vector<double> expected(2 * kSteps);
  const auto add = [&](size_t group, size_t first, const Column& values) {
    folding->add(group, values, first);
    for (size_t i = 0; i < values.size(); ++i)
      if (is_present(values[i])) expected[group * kSteps + first + i] += values[i];
  };
  folding->add_group();
  folding->add_group();
  add(0, 5000, {1, 2, 3});
  EXPECT_EQ(folding->size(), 3U);
  add(0, 4990, Column(100, kNothing));
  EXPECT_EQ(folding->size(), 3U);
  add(1, 9999, {7});
  for (size_t step = 5000; step < 5400; ++step) add(0, step, {1, kNothing, 1});
  for (size_t step = 5000; step > 4600; --step) add(0, step, {1});
  add(1, 0, {7});
  EXPECT_LT(folding->size(), 3 * kSteps);
  for (size_t group = 0; group < 2; ++group) {
    const Series found = result_of(*folding, group);
    for (size_t step = 0; step < kSteps; ++step) {
      const double value = found.at(step);
      EXPECT_EQ(is_absent(value) ? 0 : value, expected[group * kSteps + step]) << group << " " << step;
    }
  }
}

}  // namespace
}  // namespace tarsier::promql
