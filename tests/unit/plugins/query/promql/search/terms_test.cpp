#include "plugins/query/promql/search/terms.hpp"

#include <gtest/gtest.h>

#include "plugins/query/promql/search/best.hpp"

namespace tarsier::promql::search {
namespace {

TEST(Terms, FindAllWhenThereAreNone) {
  EXPECT_EQ(Terms({}, {}).score("up"), 1);
  EXPECT_EQ(Terms({""}, {}).score("up"), 1);
}

TEST(Terms, FindWhatAnyOfThemFitsWithTheBestScore) {
  const Terms terms({"nothing", "gc"}, {Likeness::kJaroWinkler});
  EXPECT_NEAR(*terms.score("go_gc"), 0.1, 1e-12);
  EXPECT_EQ(terms.score("gc_go"), 1);
  EXPECT_FALSE(terms.score("up"));
}

TEST(Terms, LeaveOutWhatFitsLessThanIsWanted) {
  const Terms terms({"gort"}, {Likeness::kSubsequence, 0.3});
  EXPECT_TRUE(terms.score("go_rt"));
  EXPECT_FALSE(terms.score("g_o_r_t"));
  EXPECT_EQ(terms.score("gort_and_more"), 1) << "a beginning fits wholly";
}

TEST(Terms, AreLikeMisspeltNamesByJaroWinklerWhenAThresholdIsGiven) {
  EXPECT_TRUE(Terms({"go_goroutins"}, {Likeness::kJaroWinkler, 0.8}).score("go_goroutines"));
  EXPECT_FALSE(Terms({"go_goruotines"}, {Likeness::kJaroWinkler, 0}).score("go_goroutines"));
}

TEST(Terms, MindTheCaseUnlessToldOtherwise) {
  EXPECT_FALSE(Terms({"GO"}, {}).score("go_gc"));
  Taste taste;
  taste.case_sensitive = false;
  EXPECT_EQ(Terms({"Ä"}, taste).score("äb"), 1);
}

TEST(Terms, CompareTheBeginningOfVeryLongNamesOnly) {
  const std::string name = std::string(Terms::kComparedCharacters, 'a') + "needle";
  EXPECT_FALSE(Terms({"needle"}, {}).score(name));
  EXPECT_TRUE(Terms({"a"}, {}).score(name));
}

TEST(Best, KeepsTheFirstOfEachOrder) {
  const auto kept = [](Order order, size_t limit) {
    Best best(limit, order);
    for (const auto& [name, score] : {std::pair("b", 0.5), std::pair("c", 1.), std::pair("a", 0.5), std::pair("b", 0.5)})
      best.add(name, score);
    std::string names = best.more() ? "+" : "";
    for (const Found& found : best.take()) names += found.name;
    return names;
  };
  EXPECT_EQ(kept(Order::kByName, 3), "abc");
  EXPECT_EQ(kept(Order::kByName, 2), "+ab");
  EXPECT_EQ(kept(Order::kByNameDescending, 2), "+cb");
  EXPECT_EQ(kept(Order::kByScore, 2), "+ca");
}

}  // namespace
}  // namespace tarsier::promql::search
