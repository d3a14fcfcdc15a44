// What scripts cannot say: limits, cancellation, time, order.
#include "plugins/query/promql/exec/engine.hpp"

#include <atomic>
#include <gtest/gtest.h>

#include "tests/conformance/memory_store.hpp"

namespace tarsier::promql {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

class EngineTest : public testing::Test {
 protected:
  EngineTest() {
    for (int series = 0; series < 50; ++series)
      for (int i = 0; i < 20; ++i)
        store_.add({{"__name__", "x_total"}, {"n", std::to_string(series)}}, i * 15 * kSecond, i * (series + 1));
  }
  static QueryRequest range(std::string_view expression) {
    QueryRequest request;
    request.expression = expression;
    request.end_ns = 300 * kSecond;
    request.step_ns = 15 * kSecond;
    return request;
  }

  test::MemoryStore store_;
  std::atomic<int64_t> clock_{0};
  int64_t tick_ = 0;
};

TEST_F(EngineTest, RefusesWhatNeedsTooManySamples) {
  EngineOptions options;
  options.limits.max_samples = 100;
  Engine small(options, [] { return int64_t{0}; });
  const auto outcome = small.query(*store_.table(), range("x_total"), [](const QueryAnswer&) { FAIL(); });
  ASSERT_FALSE(outcome.ok());
  EXPECT_EQ(outcome.error().code(), TARSIER_RESOURCE);
  EXPECT_EQ(outcome.error().message(), "query processing would load too many samples into memory in query execution");
}

TEST_F(EngineTest, RefusesSubqueriesOfTooManyStepsBeforeTheStoreIsAsked) {
  tarsier_samples_store untouched = *store_.table();
  untouched.select = [](void*, const tarsier_select*, void*, int32_t (*)(void*, const tarsier_series*),
                        tarsier_error*) -> tarsier_status {
    ADD_FAILURE() << "the store was asked";
    return TARSIER_OK;
  };
  Engine engine({}, [] { return int64_t{0}; });
  for (const char* expression : {"count_over_time(x_total[20d:10ms])", "count_over_time(vector(1)[36500d:1ms])",
                                 "max_over_time(sum_over_time(x_total[20d:10ms])[1m:10s])"}) {
    const auto outcome = engine.query(untouched, range(expression), [](const QueryAnswer&) { FAIL(); });
    ASSERT_FALSE(outcome.ok()) << expression;
    EXPECT_EQ(outcome.error().code(), TARSIER_RESOURCE);
    EXPECT_EQ(outcome.error().message(), "query processing would load too many samples into memory in query execution");
  }
}

TEST_F(EngineTest, RefusesLabelsThatGrowWithoutEnd) {
  EngineOptions options;
  options.limits.max_samples = 1'000'000;
  Engine small(options, [] { return int64_t{0}; });
  std::string expression = "x_total";
  for (int i = 0; i < 40; ++i) expression = "label_replace(" + expression + R"~(, "n", "$1$1$1$1$1$1$1$1", "n", "(.*)"))~";
  std::string joined = "x_total";
  for (int i = 0; i < 40; ++i) joined = "label_join(" + joined + R"(, "n", "", "n", "n", "n", "n", "n", "n", "n", "n"))";
  for (const std::string& one : {expression, joined}) {
    const auto outcome = small.query(*store_.table(), range(one), [](const QueryAnswer&) { FAIL(); });
    ASSERT_FALSE(outcome.ok());
    EXPECT_EQ(outcome.error().code(), TARSIER_RESOURCE);
  }
}

TEST_F(EngineTest, CountsTheLabelsThatAQueryMakesForAsLongAsTheyLive) {
  // 50 series with a label of 8,000 bytes: 400 kB, as much as 25,000 samples.
  const auto with_label = [](char of) {
    return R"~(label_replace(x_total, "big", ")~" + std::string(8'000, of) + R"~(", "n", "(.*)"))~";
  };
  const std::string big = with_label('b');
  const auto outcome = [&](const std::string& expression, uint64_t max_samples) {
    EngineOptions options;
    options.limits.max_samples = max_samples;
    QueryRequest request;
    request.expression = expression;
    return Engine(options, [] { return int64_t{0}; }).query(*store_.table(), request, [](const QueryAnswer&) {});
  };
  EXPECT_TRUE(outcome(big, 30'000).ok());
  EXPECT_TRUE(outcome("count(" + big + ") + count(x_total) + count(" + with_label('c') + ")", 40'000).ok())
      << "they go when they are counted";
  EXPECT_FALSE(outcome(big + " + on (n) " + with_label('c'), 40'000).ok()) << "both sides are there at once";
  EXPECT_TRUE(outcome(big + " + on (n) " + big, 40'000).ok()) << "unless they are the same";
  EXPECT_FALSE(outcome("sort(" + big + ") or label_replace(" + big + R"~(, "n", "x$1", "n", "(.*)"))~", 40'000).ok());
  EXPECT_FALSE(outcome("sum by (n, big) (" + big + ")", 40'000).ok()) << "what is made of them counts, too";
}

TEST_F(EngineTest, PassesOnWhatTheStoreWarnsOf) {
  tarsier_samples_store damaged = *store_.table();
  damaged.self = const_cast<tarsier_samples_store*>(store_.table());
  damaged.select = [](void* self, const tarsier_select* select, void* user, int32_t (*on_series)(void*, const tarsier_series*),
                      tarsier_error* error) {
    select->warnings.warn(select->warnings.user, str("samples are missing"));
    const auto* whole = static_cast<const tarsier_samples_store*>(self);
    return whole->select(whole->self, select, user, on_series, error);
  };
  for (const char* expression : {"x_total", "sum(rate(x_total[1m]))", "max_over_time(x_total[1m:10s])", "x_total + x_total"}) {
    const auto outcome = Engine({}, [] { return int64_t{0}; }).query(damaged, range(expression), [&](const QueryAnswer& answer) {
      EXPECT_EQ(answer.warnings, std::vector<std::string>{"samples are missing"}) << expression;
    });
    EXPECT_TRUE(outcome.ok()) << outcome.error().message();
  }
}

TEST_F(EngineTest, CountsSeriesWhileTheStoreBringsThem) {
  EngineOptions options;
  options.limits.max_samples = 2 * 21;  // two series of this query
  Engine small(options, [] { return int64_t{0}; });
  tarsier_samples_store counting = *store_.table();
  struct Brought {
    const tarsier_samples_store* store;
    int count = 0;
  } brought{store_.table()};
  counting.self = &brought;
  counting.select = [](void* self, const tarsier_select* select, void* user, int32_t (*on_series)(void*, const tarsier_series*),
                       tarsier_error* error) {
    struct Forward {
      Brought* brought;
      void* user;
      int32_t (*on_series)(void*, const tarsier_series*);
    } forward{static_cast<Brought*>(self), user, on_series};
    return forward.brought->store->select(
        forward.brought->store->self, select, &forward,
        [](void* to, const tarsier_series* series) -> int32_t {
          auto& one = *static_cast<Forward*>(to);
          ++one.brought->count;
          return one.on_series(one.user, series);
        },
        error);
  };
  const auto outcome = small.query(counting, range("x_total"), [](const QueryAnswer&) { FAIL(); });
  ASSERT_FALSE(outcome.ok());
  EXPECT_EQ(outcome.error().code(), TARSIER_RESOURCE);
  EXPECT_EQ(brought.count, 3);
}

TEST_F(EngineTest, GivesBackWhatFinishedNodesHeld) {
  EngineOptions options;
  options.limits.max_samples = 50 * 21 * 3;  // one operand, its other operand and the result, but never all of the chain
  Engine tight(options, [] { return int64_t{0}; });
  const auto outcome =
      tight.query(*store_.table(), range("sum(x_total) + sum(x_total) + sum(x_total) + sum(x_total)"), [](const QueryAnswer&) {});
  EXPECT_TRUE(outcome.ok()) << outcome.error().message();
}

TEST_F(EngineTest, StopsWhenItsTimeIsOver) {
  tick_ = 60 * kSecond;
  Engine slow({}, [this] { return clock_ += tick_; });
  const auto outcome = slow.query(*store_.table(), range("sum(rate(x_total[1m]))"), [](const QueryAnswer&) { FAIL(); });
  ASSERT_FALSE(outcome.ok());
  EXPECT_EQ(outcome.error().code(), TARSIER_DEADLINE);
}

TEST_F(EngineTest, StopsWhenItIsCancelled) {
  Engine any({}, [] { return int64_t{0}; });
  QueryRequest request = range("x_total");
  request.cancel = {nullptr, [](void*) { return 1; }};
  const auto outcome = any.query(*store_.table(), request, [](const QueryAnswer&) { FAIL(); });
  ASSERT_FALSE(outcome.ok());
  EXPECT_EQ(outcome.error().code(), TARSIER_CANCELLED);
}

TEST_F(EngineTest, StopsInTheMiddleOfLongWindows) {
  Engine any({}, [] { return int64_t{0}; });
  QueryRequest request;
  request.expression = "sum_over_time(vector(1)[1d:1s])";
  request.end_ns = 2000 * kSecond;
  request.step_ns = kSecond;
  int asked = 0;
  // More questions than there are nodes: only the loop over the windows asks so often.
  request.cancel = {&asked, [](void* user) { return ++*static_cast<int*>(user) > 100 ? 1 : 0; }};
  const auto outcome = any.query(*store_.table(), request, [](const QueryAnswer&) { FAIL(); });
  ASSERT_FALSE(outcome.ok());
  EXPECT_EQ(outcome.error().code(), TARSIER_CANCELLED);
}

TEST_F(EngineTest, AnswersTheSameHoweverManyThreadsBringSeries) {
  Engine any({}, [] { return int64_t{0}; });
  std::vector<std::pair<std::string, Column>> one, four;
  for (auto* out : {&one, &four}) {
    store_.set_threads(out == &one ? 1 : 4);
    const auto outcome =
        any.query(*store_.table(), range("topk(3, x_total) or limitk(2, x_total)"), [&](const QueryAnswer& answer) {
          for (const Series& series : answer.series) out->emplace_back(series.labels.text_form(), series.values);
        });
    ASSERT_TRUE(outcome.ok());
  }
  ASSERT_EQ(one.size(), four.size());
  for (size_t i = 0; i < one.size(); ++i) {
    EXPECT_EQ(one[i].first, four[i].first);
    for (size_t step = 0; step < one[i].second.size(); ++step) {
      EXPECT_EQ(is_absent(one[i].second[step]), is_absent(four[i].second[step]));
      if (is_present(one[i].second[step])) {
        EXPECT_EQ(one[i].second[step], four[i].second[step]);
      }
    }
  }
}

TEST_F(EngineTest, TruncatesToTheLimitAndSaysSo) {
  Engine any({}, [] { return int64_t{0}; });
  QueryRequest request = range("x_total");
  request.limit = 3;
  const auto outcome = any.query(*store_.table(), request, [](const QueryAnswer& answer) {
    EXPECT_EQ(answer.series.size(), 3U);
    ASSERT_EQ(answer.warnings.size(), 1U);
    EXPECT_EQ(answer.warnings[0], "results truncated due to limit");
  });
  EXPECT_TRUE(outcome.ok());
}

TEST_F(EngineTest, EvaluatesChainsOfOperatorsOfAMegabyte) {
  Engine any({}, [] { return int64_t{0}; });
  const auto chain = [](std::string text, std::string_view link, size_t links) {
    for (size_t i = 0; i < links; ++i) text += link;
    return text;
  };
  const struct {
    std::string expression;
    double expected;  // at the first step
  } cases[] = {
      {chain("1", "+1", 500'000), 500'001},                             // the same at every step
      {chain("time()", "+1", 500'000), 500'000},                        // a scalar of its own at every step
      {chain("vector(0)", "+1", 200'000), 200'000},                     // a vector, the same at every step
      {chain("1+vector(1)+sum(x_total) * 0", "+1", 200'000), 200'002},  // all of them
      {chain("sum(x_total)", " or sum(x_total)", 500), 0},
  };
  for (const auto& one : cases) {
    const auto outcome = any.query(*store_.table(), range(one.expression), [&](const QueryAnswer& answer) {
      const Column& values = answer.type == ValueType::kScalar ? answer.scalar : answer.series.at(0).values;
      EXPECT_EQ(values.front(), one.expected) << one.expression.substr(0, 30);
    });
    EXPECT_TRUE(outcome.ok()) << outcome.error().message();
  }
}

TEST_F(EngineTest, RefusesRangeQueriesOfOtherTypes) {
  Engine any({}, [] { return int64_t{0}; });
  const auto outcome = any.query(*store_.table(), range("x_total[5m]"), [](const QueryAnswer&) { FAIL(); });
  ASSERT_FALSE(outcome.ok());
  EXPECT_EQ(outcome.error().message(),
            "invalid expression type \"range vector\" for range query, must be Scalar or instant Vector");
}

TEST_F(EngineTest, AnswersAtTheFirstAndTheLastTimesThereAre) {
  constexpr int64_t kFirst = -9'223'372'036'854'000'000;
  constexpr int64_t kLast = 9'223'372'036'854'000'000;
  test::MemoryStore store;
  store.add({{"__name__", "x_total"}}, kFirst, 1);
  store.add({{"__name__", "x_total"}}, kFirst + kSecond, 2);
  store.add({{"__name__", "x_total"}}, kLast - kSecond, 5);
  store.add({{"__name__", "x_total"}}, kLast, 7);
  Engine any({}, [] { return int64_t{0}; });
  const auto at = [&](std::string_view expression, int64_t start, int64_t end, int64_t step) {
    QueryRequest request;
    request.expression = expression;
    request.start_ns = start;
    request.end_ns = end;
    request.step_ns = step;
    Column found;
    const auto outcome = any.query(*store.table(), request, [&](const QueryAnswer& answer) {
      if (!answer.series.empty()) found = answer.series.front().values;
    });
    EXPECT_TRUE(outcome.ok()) << expression << ": " << outcome.error().message();
    return found;
  };
  EXPECT_EQ(at("x_total", kFirst, 0, 0), Column{1});
  EXPECT_EQ(at("x_total", kLast, 0, 0), Column{7});
  EXPECT_EQ(at("sum_over_time(x_total[1h])", kFirst + kSecond, 0, 0), Column{3});
  EXPECT_EQ(at("sum_over_time(x_total[200y])", kLast, 0, 0), Column{12});
  EXPECT_EQ(at("x_total offset -1s", kFirst, 0, 0), Column{2});
  EXPECT_EQ(at("x_total offset 1s", kLast, 0, 0), Column{5});
  EXPECT_EQ(at("x_total offset 200y", kFirst, 0, 0), Column{});
  EXPECT_EQ(at("x_total offset -200y", kLast, 0, 0), Column{7});           // times stop there
  EXPECT_EQ(at("max_over_time(x_total[1h:1s])", kLast, 0, 0), Column{5});  // its last step is a whole second
  EXPECT_EQ(at("increase(x_total[10s] smoothed)", kLast, 0, 0), Column{2});
  EXPECT_EQ(at("x_total smoothed", kFirst, 0, 0), Column{1});
  EXPECT_EQ(at("x_total @ 9223372036.854", 0, 0, 0), Column{7});
  const Column ends = at("x_total", kFirst, kLast, 6'000'000'000 * kSecond);
  EXPECT_EQ(ends, Column{1}) << "steps without anything are not kept";
}

TEST_F(EngineTest, RefusesExperimentsThatAreSwitchedOff) {
  EngineOptions options;
  options.experimental_functions = false;
  Engine plain(options, [] { return int64_t{0}; });
  for (const auto& [expression, text] :
       {std::pair("rate(x_total[1m] anchored)", "1:6: parse error: anchored modifier is experimental and not enabled"),
        std::pair("x_total smoothed", "1:1: parse error: smoothed modifier is experimental and not enabled"),
        std::pair("info(x_total)", "1:1: parse error: function \"info\" is not enabled")}) {
    const auto outcome = plain.query(*store_.table(), range(expression), [](const QueryAnswer&) { FAIL(); });
    ASSERT_FALSE(outcome.ok());
    EXPECT_EQ(outcome.error().message(), text);
  }
}

}  // namespace
}  // namespace tarsier::promql
