#include "plugins/query/promql/service.hpp"

#include <gtest/gtest.h>

#include "tests/conformance/memory_store.hpp"
#include "tests/unit/plugins/query/promql/histogram/written.hpp"

namespace tarsier::promql {
namespace {

TEST(QueryService, HandsOverResultsAsStructs) {
  test::MemoryStore store;
  store.add({{"__name__", "up"}, {"job", "a"}}, 0, 1);
  Engine engine({}, [] { return int64_t{0}; });
  const QueryService service(engine, [&](const auto& use) { return use(*store.table()); });
  tarsier_query query{};
  query.size = sizeof(query);
  query.expression = str("up == 1");
  query.start_ns = 60'000'000'000;
  int calls = 0;
  tarsier_error error = empty_error();
  const tarsier_status status = service.table()->query(
      service.table()->self, &query, &calls,
      [](void* user, const tarsier_query_result* result) {
        ++*static_cast<int*>(user);
        EXPECT_EQ(result->type, TARSIER_VALUE_VECTOR);
        ASSERT_EQ(result->series_count, 1U);
        EXPECT_EQ(result->series[0].sample_count, 1U);
        EXPECT_EQ(result->series[0].times_ns[0], 60'000'000'000);
        EXPECT_EQ(result->series[0].values[0], 1);
        ASSERT_EQ(result->series[0].label_count, 2U);
        EXPECT_EQ(view(result->series[0].labels[1].value), "a");
      },
      &error);
  EXPECT_EQ(status, TARSIER_OK);
  EXPECT_EQ(calls, 1);
}

TEST(QueryService, HandsOverHistogramsAsAStoreDoes) {
  test::MemoryStore store;
  const FloatHistogram written = test::written("count:3 sum:4.5 buckets:[1 2]");
  store.add({{"__name__", "size"}}, 0, 1);
  store.add({{"__name__", "size"}}, 1'000'000'000, written);
  Engine engine({}, [] { return int64_t{0}; });
  const QueryService service(engine, [&](const auto& use) { return use(*store.table()); });
  tarsier_query query{};
  query.size = sizeof(query);
  query.expression = str("size[1m]");
  query.start_ns = 1'000'000'000;
  FloatHistogram found;
  tarsier_error error = empty_error();
  const tarsier_status status = service.table()->query(
      service.table()->self, &query, &found,
      [](void* user, const tarsier_query_result* result) {
        ASSERT_EQ(result->series_count, 1U);
        const tarsier_series& series = result->series[0];
        ASSERT_EQ(series.sample_count, 2U);
        EXPECT_EQ(series.values[0], 1);
        EXPECT_EQ(series.values[1], 4.5);
        EXPECT_EQ(series.histogram_offsets[0], series.histogram_offsets[1]);
        NativeHistogram native;
        const uint32_t from = series.histogram_offsets[1];
        ASSERT_TRUE(decode_histogram({series.histogram_bytes + from, series.histogram_offsets[2] - from}, native).ok());
        *static_cast<FloatHistogram*>(user) = from_native(native);
      },
      &error);
  EXPECT_EQ(status, TARSIER_OK);
  EXPECT_TRUE(identical(found, written));
}

TEST(QueryService, SaysWhereAnExpressionIsWrong) {
  Engine engine({}, [] { return int64_t{0}; });
  const QueryService service(engine, [](const auto&) { return Result<void>(Error::unavailable("no store")); });
  tarsier_error error = empty_error();
  EXPECT_EQ(service.table()->parse(service.table()->self, str("sum("), {}, &error), TARSIER_INVALID);
  EXPECT_EQ(std::string(error.message, error.message_size), "1:5: parse error: unclosed left parenthesis");
  std::string formatted;
  const tarsier_sink sink = {&formatted, [](void* user, tarsier_bytes piece) { *static_cast<std::string*>(user) += view(piece); }};
  EXPECT_EQ(service.table()->parse(service.table()->self, str("sum by(a)(b)"), sink, &error), TARSIER_OK);
  EXPECT_EQ(formatted, "sum by (a) (b)");
}

}  // namespace
}  // namespace tarsier::promql
