// The statistics of a query, as Prometheus counts: figures of a Prometheus 3.5 for the same samples.
#include "plugins/query/promql/exec/sample_counts.hpp"

#include <gtest/gtest.h>
#include <vector>

#include "plugins/query/promql/exec/engine.hpp"
#include "tests/conformance/memory_store.hpp"

namespace tarsier::promql {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

/// up has a sample each 10 s from 0 to 60 s, and is stale at 70 s.
std::vector<uint64_t> counts(std::string_view expression, int64_t start_s, int64_t end_s, int64_t step_s) {
  test::MemoryStore store;
  for (int i = 0; i <= 6; ++i) store.add({{"__name__", "up"}}, i * 10 * kSecond, 1);
  store.add({{"__name__", "up"}}, 70 * kSecond, kNothing);
  QueryRequest request;
  request.expression = expression;
  request.start_ns = start_s * kSecond;
  request.end_ns = end_s * kSecond;
  request.step_ns = step_s * kSecond;
  request.count_samples = true;
  Engine engine({}, [] { return int64_t{0}; });
  std::vector<uint64_t> found;
  const auto outcome = engine.query(*store.table(), request, [&](const QueryAnswer& answer) { found = answer.samples_per_step; });
  EXPECT_TRUE(outcome.ok()) << outcome.error().message();
  return found;
}

using Steps = std::vector<uint64_t>;

TEST(SampleCounts, CountTheNewestSampleOfEachStep) {
  EXPECT_EQ(counts("up", 0, 80, 20), (Steps{1, 1, 1, 1, 0}));
  EXPECT_EQ(counts("up", 60, 0, 0), (Steps{1}));
  EXPECT_EQ(counts("up", 70, 0, 0), (Steps{0}));
  EXPECT_EQ(counts("sum(up) + sum(up)", 0, 40, 20), (Steps{2, 2, 2}));
  EXPECT_EQ(counts("1 + 1", 0, 40, 20), (Steps{0, 0, 0}));
}

TEST(SampleCounts, CountWhatEachWindowHolds) {
  EXPECT_EQ(counts("rate(up[30s])", 0, 80, 20), (Steps{1, 3, 3, 3, 1}));
  EXPECT_EQ(counts("up[25s]", 60, 0, 0), (Steps{3}));
}

TEST(SampleCounts, CountWhatIsEvaluatedOnceAtEachStep) {
  EXPECT_EQ(counts("up @ 30", 0, 40, 20), (Steps{1, 1, 1}));
  EXPECT_EQ(counts("sum_over_time(up[30s] @ 30)", 0, 40, 20), (Steps{3, 3, 3}));
}

TEST(SampleCounts, CountTheStepsOfASubqueryAndNotWhatItReads) {
  EXPECT_EQ(counts("max_over_time(up[30s:10s])", 40, 0, 0), (Steps{3}));
  EXPECT_EQ(counts("up[30s:10s]", 40, 0, 0), (Steps{3}));
  EXPECT_EQ(counts("max_over_time(rate(up[20s])[30s:10s])", 40, 0, 0), (Steps{3}));
}

}  // namespace
}  // namespace tarsier::promql
