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
  return all->result(0)[0];
}

void expect_same_in_parts(const std::vector<double>& values) {
  for (const Token op : kOperators) {
    const double at_once = in_parts(op, values, values.size());
    for (const size_t size : {1, 2, 7}) {
      const double parts = in_parts(op, values, static_cast<size_t>(size));
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
    EXPECT_EQ(is_present(folding->result(0)[0]), counts);
    EXPECT_TRUE(is_absent(folding->result(0)[1]));
  }
}

}  // namespace
}  // namespace tarsier::promql
