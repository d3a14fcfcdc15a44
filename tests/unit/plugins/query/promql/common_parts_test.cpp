// Parts of a query that are the same are evaluated once, and nobody can tell from the answer.
#include "plugins/query/promql/plan/common_parts.hpp"

#include <bit>
#include <gtest/gtest.h>
#include <random>

#include "plugins/lib/promql/parser.hpp"
#include "plugins/query/promql/exec/engine.hpp"
#include "plugins/query/promql/exec/explanation.hpp"
#include "plugins/query/promql/plan/histogram_totals.hpp"
#include "plugins/query/promql/plan/prepare.hpp"
#include "tests/conformance/memory_store.hpp"
#include "tests/unit/plugins/query/promql/histogram/written.hpp"

namespace tarsier::promql {
namespace {

constexpr int64_t kSecond = 1'000'000'000;
using Places = std::vector<uint32_t>;

Places places(std::string_view query) {
  auto tree = parse(query);
  EXPECT_TRUE(tree.ok()) << query;
  EXPECT_TRUE(prepare(query, **tree, {0, 300 * kSecond, 15 * kSecond}).ok());
  mark_histogram_totals(**tree);
  return mark_common_parts(**tree);
}

TEST(CommonParts, AreTheLargestThatAreTheSame) {
  EXPECT_EQ(places("a"), Places{});
  EXPECT_EQ(places("a + b"), Places{});
  EXPECT_EQ(places("a / (a + b)"), Places{2});
  EXPECT_EQ(places("(a + b) / (a + b)"), Places{2}) << "what is below comes with it";
  EXPECT_EQ(places("(a + b) / (a + b) * a"), (Places{2, 2})) << "but is wanted elsewhere, too";
  EXPECT_EQ(places("a or a or a or a"), Places{4});
  EXPECT_EQ(places("sum(rate(x[5m])) / sum(rate(x[5m]))"), Places{2});
  EXPECT_EQ(places("scalar(sum(a)) + scalar(sum(a))"), Places{2});
}

TEST(CommonParts, AreThoseThatReadTheSameHoweverTheyAreWritten) {
  EXPECT_EQ(places(R"(a{x="1",y="2"} + ((a{y="2", x="1"})))"), Places{2});
  EXPECT_EQ(places("a offset 60s + a offset 1m"), Places{2});
  EXPECT_EQ(places("vector(1) + vector(1)"), Places{}) << "there is nothing to save";
}

TEST(CommonParts, AreNotWhatDiffersInTimeOrDetail) {
  for (const char* query : {"a + a offset 5m", "a + a @ 10", "rate(a[5m]) + rate(a[6m])", "a + a{x=\"1\"}",
                            "max_over_time(a[5m:1m]) + a", "max_over_time((a + 1)[5m:1m]) + max_over_time((a + 1)[5m:30s])",
                            "histogram_count(h) + h", "timestamp(a) + a", "sum by (x) (a) + sum by (y) (a)"})
    EXPECT_EQ(places(query), Places{}) << query;
}

TEST(CommonParts, AreNotWhatIsFoldedWhileTheStoreBringsIt) {
  EXPECT_EQ(places("sum(rate(x[5m])) / count(rate(x[5m]))"), Places{});
  EXPECT_EQ(places("topk(1, rate(x[5m])) / topk(2, rate(x[5m]))"), Places{2}) << "these want whole columns";
}

TEST(CommonParts, AreFoundInSubqueriesOfTheSameSteps) {
  EXPECT_EQ(places("max_over_time((a + b)[5m:1m]) / min_over_time((a + b)[5m:1m])"), Places{2});
  EXPECT_EQ(places("max_over_time((a / (a + b))[5m:1m])"), Places{2});
}

class CommonPartsOfQuery : public testing::Test {
 protected:
  CommonPartsOfQuery() {
    std::mt19937_64 random(7);
    for (const char* name : {"a", "b", "c_total"}) {
      for (int series = 0; series < 12; ++series) {
        double value = 0;
        for (int i = 0; i < 60; ++i) {
          value = random() % 17 == 0 ? 0 : value + 0.1 * static_cast<double>(random() % 100);
          if (random() % 5 != 0)
            store_.add({{"__name__", name}, {"job", series % 3 == 0 ? "x" : "y"}, {"n", std::to_string(series)}}, i * 10 * kSecond,
                       value);
        }
      }
    }
    for (int i = 0; i < 60; ++i)
      store_.add({{"__name__", "h"}, {"job", "x"}}, i * 10 * kSecond,
                 test::written("count:" + std::to_string(6 + i) + " sum:1.5 buckets:[2 " + std::to_string(i) + " 1]"));
  }

  struct Outcome {
    std::string answer;  // or the error
    std::vector<std::string> warnings, infos;
    std::vector<uint64_t> samples_per_step;
    int selects = 0;
  };
  Outcome run(const std::string& query, bool share, bool instant = false, uint64_t max_samples = 50'000'000,
              Explanation* explanation = nullptr) {
    Outcome outcome;
    counting_ = *store_.table();
    counted_ = {store_.table(), 0};
    counting_.self = &counted_;
    counting_.select = [](void* self, const tarsier_select* select, void* user, int32_t (*on_series)(void*, const tarsier_series*),
                          tarsier_error* error) {
      auto& to = *static_cast<Counted*>(self);
      ++to.selects;
      return to.store->select(to.store->self, select, user, on_series, error);
    };
    EngineOptions options;
    options.share_common_parts = share;
    options.limits.max_samples = max_samples;
    QueryRequest request;
    request.expression = query;
    request.start_ns = 200 * kSecond;
    request.end_ns = 560 * kSecond;
    request.step_ns = instant ? 0 : 20 * kSecond;
    request.count_samples = true;
    request.explanation = explanation;
    Engine engine(options, [] { return int64_t{0}; });
    const auto done = engine.query(counting_, request, [&](const QueryAnswer& answer) {
      outcome.answer = bits_of(answer);
      outcome.warnings = answer.warnings;
      outcome.infos = answer.infos;
      outcome.samples_per_step = answer.samples_per_step;
    });
    if (!done) outcome.answer = done.error().message();
    outcome.selects = counted_.selects;
    return outcome;
  }

 private:
  static std::string bits_of(const QueryAnswer& answer) {
    std::string out;
    const auto add = [&](double value) { out += std::to_string(std::bit_cast<uint64_t>(value)) + " "; };
    for (const double value : answer.scalar) add(value);
    for (const Series& series : answer.series) {
      out += series.labels.text_form();
      out += " from " + std::to_string(series.first) + " ";
      for (size_t step = series.first; step < series.past(); ++step) {
        add(series.at(step));
        if (const FloatHistogram* histogram = series.histogram_at(step)) add(histogram->count), add(histogram->sum);
      }
    }
    return out;
  }
  struct Counted {
    const tarsier_samples_store* store;
    int selects;
  };

  test::MemoryStore store_;
  tarsier_samples_store counting_{};
  Counted counted_{};
};

TEST_F(CommonPartsOfQuery, AreAskedOfTheStoreOnce) {
  EXPECT_EQ(run("a / (a + b)", false).selects, 3);
  EXPECT_EQ(run("a / (a + b)", true).selects, 2);
  EXPECT_EQ(run("a or a or a or a", true).selects, 1);
  EXPECT_EQ(run("sum(rate(c_total[1m])) / sum(rate(c_total[1m]))", true).selects, 1);
  EXPECT_EQ(run("max_over_time((a / (a + b))[2m:30s]) - a", true).selects, 3);
}

TEST_F(CommonPartsOfQuery, AreEvaluatedAgainWhereThereIsNoRoomToKeepThem) {
  const uint64_t vector = uint64_t{12} * 19;
  const Outcome tight = run("a / (a + b)", true, false, 4 * vector);
  EXPECT_EQ(tight.selects, 3);
  EXPECT_EQ(tight.answer, run("a / (a + b)", false).answer);
}

TEST_F(CommonPartsOfQuery, CountTheirSamplesInEachPlace) {
  for (const bool instant : {false, true}) {
    const Outcome one = run("topk(2, a)", true, instant), two = run("topk(2, a) + topk(2, a)", true, instant);
    ASSERT_FALSE(one.samples_per_step.empty());
    for (size_t step = 0; step < one.samples_per_step.size(); ++step)
      EXPECT_EQ(two.samples_per_step[step], 2 * one.samples_per_step[step]);
    EXPECT_EQ(two.selects, 1);
  }
}

TEST_F(CommonPartsOfQuery, TellWhatIsToBeSaidOfThemOnceAtTheFirstPlace) {
  const Outcome shared = run("topk(1, rate(a[1m])) + topk(2, rate(a[1m]))", true);
  ASSERT_EQ(shared.infos.size(), 1U);
  EXPECT_NE(shared.infos[0].find("(1:14)"), std::string::npos) << shared.infos[0];
  EXPECT_EQ(shared.infos, run("topk(1, rate(a[1m])) + topk(2, rate(a[1m]))", false).infos);
}

TEST_F(CommonPartsOfQuery, AreExplainedOnceWithAMark) {
  Explanation explanation;
  (void)run("a / (a + b)", true, false, 50'000'000, &explanation);
  const ExplainedNode& divide = *explanation.root();
  ASSERT_EQ(divide.children.size(), 2U);
  EXPECT_EQ(divide.children[0]->expression, "a");
  EXPECT_NE(divide.children[0]->how.find("; shared by 2 places of the query, evaluated once"), std::string::npos);
  ASSERT_EQ(divide.children[1]->children.size(), 1U);
  EXPECT_EQ(divide.children[1]->children[0]->expression, "b");
}

/// Queries of few building blocks, so that many parts are the same.
class Grammar {
 public:
  explicit Grammar(uint64_t seed) : random_(seed) {}
  std::string vector(int depth) {
    static const std::vector<std::string> leaves = {"a",
                                                    "b",
                                                    R"(a{job="x"})",
                                                    "a offset 30s",
                                                    "b @ 300",
                                                    "h",
                                                    "rate(c_total[1m])",
                                                    "rate(a[1m])",
                                                    "rate(h[1m])",
                                                    "sum by (job) (rate(c_total[1m]))",
                                                    "timestamp(a)",
                                                    "max_over_time(sum(b)[2m:20s])"};
    if (depth == 0 || pick(4) == 0) return leaves[pick(leaves.size())];
    switch (pick(9)) {
      case 0:
        return "sum by (job) (" + vector(depth - 1) + ")";
      case 1:
        return "topk(2, " + vector(depth - 1) + ")";
      case 2:
        return "-(" + vector(depth - 1) + ")";
      case 3:
        return "histogram_count(" + vector(depth - 1) + ")";
      case 4:
        return "max_over_time((" + vector(depth - 1) + ")[1m:20s])";
      case 5: {
        const std::string same = vector(depth - 1);
        return "(" + same + " / ignoring (le) (" + same + " + " + vector(depth - 1) + "))";
      }
      case 6:
        return "(" + vector(depth - 1) + " or " + vector(depth - 1) + ")";
      case 7:
        return "(" + vector(depth - 1) + " * scalar(sum(" + vector(depth - 1) + ")))";
      default:
        return "(sum(" + vector(depth - 1) + ") - sum(" + vector(depth - 1) + "))";
    }
  }

 private:
  size_t pick(size_t count) { return random_() % count; }
  std::mt19937_64 random_;
};

TEST_F(CommonPartsOfQuery, MakeNoDifferenceToRandomQueries) {
  Grammar grammar(20261128);
  int saved = 0;
  for (int i = 0; i < 600; ++i) {
    const std::string query = grammar.vector(4);
    const bool instant = i % 3 == 0;
    const Outcome with = run(query, true, instant), without = run(query, false, instant);
    ASSERT_EQ(with.answer, without.answer) << query;
    ASSERT_EQ(with.warnings, without.warnings) << query;
    ASSERT_EQ(with.infos, without.infos) << query;
    ASSERT_EQ(with.samples_per_step, without.samples_per_step) << query;
    ASSERT_LE(with.selects, without.selects) << query;
    saved += without.selects - with.selects;
  }
  EXPECT_GT(saved, 300);
}

}  // namespace
}  // namespace tarsier::promql
