// Aggregations right above a selector are folded while the store brings series; what they answer is what all others do. sort()
// changes nothing in a range query, but it stands between.
#include <bit>
#include <cmath>
#include <gtest/gtest.h>
#include <map>

#include "plugins/query/promql/exec/engine.hpp"
#include "plugins/query/promql/exec/numeric.hpp"
#include "tests/conformance/memory_store.hpp"

namespace tarsier::promql {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

class FoldedSelectTest : public testing::TestWithParam<const char*> {
 protected:
  FoldedSelectTest() {
    for (const char* name : {"x_total", "y_total", "gauge"}) {
      for (int series = 0; series < 30; ++series) {
        // Some end early, some begin late, counters fall now and then.
        for (int i = series % 5 == 0 ? 8 : 0; i < (series % 7 == 0 ? 12 : 20); ++i)
          store_.add({{"__name__", name}, {"a", std::to_string(series % 3)}, {"n", std::to_string(series)}}, i * 15 * kSecond,
                     (i % 9) * (series + 1) + 0.1);
      }
    }
  }

  struct Answer {
    std::map<std::string, Column> columns;
    std::map<std::string, HistogramColumn> histograms;
    std::vector<std::string> infos;
    uint64_t samples_read = 0;
    std::string error;
  };
  Answer ask(const std::string& expression, bool delayed, size_t threads) {
    EngineOptions options;
    options.delayed_name_removal = delayed;
    Engine engine(options, [] { return int64_t{0}; });
    store_.set_threads(threads);
    QueryRequest request;
    request.expression = expression;
    request.end_ns = 400 * kSecond;
    request.step_ns = 20 * kSecond;
    Answer found;
    const auto outcome = engine.query(*store_.table(), request, [&](const QueryAnswer& answer) {
      for (const Series& series : answer.series) {
        Column& column = found.columns[series.labels.text_form()];
        for (size_t step = 0; step <= 20; ++step) column.push_back(series.at(step));
        found.histograms[series.labels.text_form()] = series.histograms;
      }
      found.infos = answer.infos;
      found.samples_read = answer.samples_read;
    });
    if (!outcome) found.error = outcome.error().message();
    return found;
  }
  static void expect_equal(const Answer& one, const Answer& other, const std::string& what) {
    EXPECT_EQ(one.error, other.error) << what;
    EXPECT_EQ(one.infos.size(), other.infos.size()) << what;
    EXPECT_EQ(one.samples_read, other.samples_read) << what;
    ASSERT_EQ(one.columns.size(), other.columns.size()) << what;
    for (const auto& [labels, column] : one.columns) {
      const auto match = other.columns.find(labels);
      ASSERT_NE(match, other.columns.end()) << what << " " << labels;
      for (size_t step = 0; step < column.size(); ++step) {
        EXPECT_TRUE(is_absent(column[step]) ? is_absent(match->second[step])
                                            : almost_equal(column[step], match->second[step], 1e-12))
            << what << " " << labels << " step " << step << ": " << column[step] << " " << match->second[step];
      }
    }
  }
  void expect_as_general(const std::string& operand) {
    for (const char* op : {"sum", "avg", "count", "group", "min", "max", "stddev", "stdvar"}) {
      for (const char* by : {"", " by (a)", " by (__name__)", " by (n, a, none)", " without (n)", " without (a)"}) {
        for (const bool delayed : {false, true}) {
          const std::string head = std::string(op) + by;
          const Answer general = ask(head + "(sort(" + operand + "))", delayed, 1);
          expect_equal(general, ask(head + "(" + operand + ")", delayed, 1), head + "(" + operand + ")");
          const Answer four = ask(head + "(" + operand + ")", delayed, 4);
          expect_equal(general, four, head + " by four threads (" + operand + ")");
        }
      }
    }
  }

  using Ordered = std::pair<std::vector<std::pair<std::string, uint64_t>>, std::string>;  // labels and bits in order, or the error
  Ordered ask_at(int64_t seconds, const std::string& expression, bool delayed, size_t threads) {
    EngineOptions options;
    options.delayed_name_removal = delayed;
    options.experimental_functions = true;
    Engine engine(options, [] { return int64_t{0}; });
    store_.set_threads(threads);
    QueryRequest request;
    request.expression = expression;
    request.start_ns = request.end_ns = seconds * kSecond;
    Ordered found;
    const auto outcome = engine.query(*store_.table(), request, [&](const QueryAnswer& answer) {
      for (const Series& series : answer.series)
        found.first.emplace_back(series.labels.text_form(), std::bit_cast<uint64_t>(series.at(0)));
    });
    if (!outcome) found.second = outcome.error().message();
    return found;
  }

  test::MemoryStore store_;
};

TEST_P(FoldedSelectTest, AnswersAsTheGeneralWayDoes) { expect_as_general(GetParam()); }

INSTANTIATE_TEST_SUITE_P(Operands, FoldedSelectTest,
                         testing::Values("x_total", "x_total offset 1m", "x_total @ 100", "rate(x_total[1m])",
                                         "increase(gauge[1m])", "rate({__name__=~\"x_total|gauge\"}[1m])",
                                         "rate({__name__=~\"x_total|y_total\",n=\"1\"}[1m])", "last_over_time(y_total[2m])",
                                         "quantile_over_time(0.5, x_total[1m])", "absent_over_time(x_total[1m])", "none",
                                         "rate(none[1m])", "x_total{n=\"4\"}"));

TEST_F(FoldedSelectTest, KeepsTheExtremesOfAnInstantAsTheGeneralWayDoes) {
  for (int series = 0; series < 12; ++series) {  // some are the same, some are no number
    store_.add({{"__name__", "holes"}, {"a", std::to_string(series % 2)}, {"n", std::to_string(series)}}, 190 * kSecond,
               series % 3 == 0 ? std::nan("") : series / 4);
  }
  for (const char* operand :
       {"x_total", "rate(x_total[1m])", "holes", "increase(gauge[1m])", "x_total offset 1m",
        "rate({__name__=~\"x_total|gauge\"}[1m])", "last_over_time(y_total[2m])", "none", "x_total{n=\"4\"}"}) {
    for (const char* op : {"topk", "bottomk"}) {
      for (const char* by : {"", " by (a)", " by (__name__)", " by (n, a, none)", " without (n)"}) {
        for (const char* k : {"0", "-2", "1", "3", "1000", "NaN", "1e30"}) {
          for (const bool delayed : {false, true}) {
            const std::string head = std::string(op) + by + "(" + k + ", ";
            const Ordered general = ask_at(200, head + "(" + operand + ") or none)", delayed, 1);
            EXPECT_EQ(ask_at(200, head + operand + ")", delayed, 1), general) << head << operand;
            EXPECT_EQ(ask_at(200, head + operand + ")", delayed, 4), general) << head << operand << " by four threads";
          }
        }
      }
    }
  }
}

TEST_F(FoldedSelectTest, LeavesHistogramsToTheGeneralWay) {
  FloatHistogram histogram;
  histogram.count = 4;
  histogram.sum = 10;
  histogram.zero_count = 4;
  for (int i = 0; i < 20; ++i) store_.add({{"__name__", "x_total"}, {"a", "0"}, {"n", "histogram"}}, i * 15 * kSecond, histogram);
  for (const char* op : {"sum", "avg", "count", "max"}) {
    const Answer general = ask(std::string(op) + "(sort(x_total))", false, 1),
                 direct = ask(std::string(op) + "(x_total)", false, 1);
    expect_equal(general, direct, op);
    EXPECT_EQ(general.histograms.begin()->second.empty(), direct.histograms.begin()->second.empty()) << op;
  }
}

TEST_F(FoldedSelectTest, KeepsSeriesApartThatOnlyTypeOrUnitTellApart) {
  for (const char* type : {"counter", "gauge"}) {
    for (int i = 0; i < 20; ++i) store_.add({{"__name__", "typed_total"}, {"__type__", type}, {"n", "1"}}, i * 15 * kSecond, i);
  }
  const Answer general = ask("sum(sort(rate(typed_total[1m])))", false, 1), direct = ask("sum(rate(typed_total[1m]))", false, 1);
  EXPECT_EQ(general.error, "vector cannot contain metrics with the same labelset");
  EXPECT_EQ(direct.error, general.error);
}

TEST_F(FoldedSelectTest, GivesTheVerySameSumHoweverManyThreadsBringSeries) {
  const Answer one = ask("sum(x_total)", false, 4), other = ask("sum(x_total)", false, 3);
  ASSERT_EQ(one.columns.size(), 1U);
  const Column &left = one.columns.begin()->second, &right = other.columns.begin()->second;
  for (size_t step = 0; step < left.size(); ++step)
    EXPECT_EQ(std::bit_cast<uint64_t>(left[step]), std::bit_cast<uint64_t>(right[step]));
}

}  // namespace
}  // namespace tarsier::promql
