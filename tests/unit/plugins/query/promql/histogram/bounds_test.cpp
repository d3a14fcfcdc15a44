#include "plugins/query/promql/histogram/bounds.hpp"

#include <cmath>
#include <gtest/gtest.h>
#include <limits>

namespace tarsier::promql {
namespace {

TEST(Bounds, AreThoseOfTheOriginalsTable) {
  EXPECT_EQ(exponential_bound(1, 1), 1.414213562373095);  // the nearest double would be 1.4142135623730951
  const std::pair<int32_t, double> fractions[] = {{1, 0.5013556375251013},   {2, 0.5027149505564014},   {3, 0.5040779490592088},
                                                  {19, 0.526395386502313},   {64, 0.5946035575013605},  {100, 0.6554806057623822},
                                                  {128, 0.7071067811865475}, {159, 0.7690203869158282}, {208, 0.8781260801866495},
                                                  {255, 0.9972960560854698}};
  for (const auto& [part, fraction] : fractions) EXPECT_EQ(exponential_bound(8, part - 256), fraction) << part;
}

TEST(Bounds, AreTheSameInFinerSchemas) {
  for (int32_t schema = 0; schema < 8; ++schema)
    for (int32_t index = -600; index < 600; ++index)
      EXPECT_EQ(exponential_bound(schema, index), exponential_bound(schema + 1, 2 * index)) << schema << " " << index;
}

TEST(Bounds, EndAtTheGreatestDouble) {
  for (int32_t schema = -4; schema <= 8; ++schema) {
    const int32_t last = schema < 0 ? 1024 >> -schema : 1024 << schema;
    EXPECT_EQ(exponential_bound(schema, last), std::numeric_limits<double>::max()) << schema;
    EXPECT_TRUE(std::isinf(exponential_bound(schema, last + 1))) << schema;
  }
}

}  // namespace
}  // namespace tarsier::promql
