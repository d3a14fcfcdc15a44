#include "plugins/lib/promql/selectors.hpp"

#include <gtest/gtest.h>

#include "plugins/lib/promql/parser.hpp"

namespace tarsier::promql {
namespace {

/// Their names, as they stand in the text.
std::string names_in(const std::string& query) {
  const auto tree = parse(query);
  if (!tree) return tree.error().message();
  std::string names;
  for (const VectorSelector* selector : selectors_of(**tree)) names += (names.empty() ? "" : " ") + selector->name;
  return names;
}

TEST(Selectors, AreFoundWhereverTheyStand) {
  EXPECT_EQ(names_in("1 + 2"), "");
  EXPECT_EQ(names_in("\"a\""), "");
  EXPECT_EQ(names_in("a"), "a");
  EXPECT_EQ(names_in("-(a offset 5m)"), "a");
  EXPECT_EQ(names_in("histogram_quantile(0.9, sum by (le) (rate(a[5m])))"), "a");
  EXPECT_EQ(names_in("topk(scalar(a), b) / on (x) max_over_time(rate(c[1m])[5m:1m])"), "a b c");
  EXPECT_EQ(names_in("a + b * c - d > bool e"), "a b c d e");
  EXPECT_EQ(names_in("a or a"), "a a");
}

TEST(Selectors, AreFoundInLongChains) {
  std::string query = "a";
  for (int i = 0; i < 20'000; ++i) query += "+a";
  const auto tree = parse(query);
  ASSERT_TRUE(tree.ok());
  EXPECT_EQ(selectors_of(**tree).size(), 20'001U);
}

}  // namespace
}  // namespace tarsier::promql
