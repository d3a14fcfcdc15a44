// The numbers follow from how the search of Prometheus counts runs, gaps and places.
#include "plugins/query/promql/search/scores.hpp"

#include <gtest/gtest.h>

namespace tarsier::promql::search {
namespace {

TEST(Characters, AreThoseOfUnicodeInSmallLettersWhenAsked) {
  EXPECT_EQ(characters("aÄ日😀", false), U"aÄ日😀");
  EXPECT_EQ(characters("AÄЖ日", true), U"aäж日");
  EXPECT_EQ(characters("a\xff\xe6\x97", false), U"a\xfffd\xfffd\xfffd");
}

TEST(SubstringScore, FallsFromTheBeginningToTheEnd) {
  EXPECT_EQ(substring_score(U"go", U"go_gc"), 1);
  EXPECT_EQ(substring_score(U"x", U"go_gc"), 0);
  EXPECT_NEAR(substring_score(U"gc", U"go_gc"), 0.1, 1e-12);
  EXPECT_NEAR(substring_score(U"_", U"go_gc"), 1 - 0.9 * 2 / 4, 1e-12);
  EXPECT_NEAR(substring_score(U"日", U"ä日本"), 1 - 0.9 / 2, 1e-12) << "characters count, not bytes";
}

TEST(SubsequenceScore, IsOneForTheSameTextOnly) {
  EXPECT_EQ(subsequence_score(U"up", U"up"), 1);
  EXPECT_EQ(subsequence_score(U"", U"up"), 1);
  EXPECT_EQ(subsequence_score(U"up", U""), 0);
  EXPECT_LT(subsequence_score(U"up", U"upx"), 1);
}

TEST(SubsequenceScore, WantsAllCharactersInOrder) {
  EXPECT_EQ(subsequence_score(U"pu", U"up"), 0);
  EXPECT_EQ(subsequence_score(U"upp", U"up"), 0);
  EXPECT_EQ(subsequence_score(U"gox", U"go_goroutines"), 0);
}

TEST(SubsequenceScore, CountsRunsAndGaps) {
  // "go_" of length 3, a gap of 2, "r" of length 1, 7 behind it.
  EXPECT_NEAR(subsequence_score(U"go_r", U"go_goroutines"), (9 - 2. / 13 + 1 - 7. / 13 / 2) / 16 * 0.999, 1e-12);
  // The second "ab" is the better beginning: a gap of 2 before it, none behind.
  EXPECT_NEAR(subsequence_score(U"abc", U"axabc"), (9 - 2. / 5) / 9 * 0.999, 1e-12);
  EXPECT_EQ(subsequence_score(U"ab", U"a12345678b"), (1 - 8. / 10 + 1) / 4 * 0.999);
  EXPECT_NEAR(subsequence_score(U"日本", U"ä日x本"), (1 - 1. / 4 + 1 - 1. / 4) / 4 * 0.999, 1e-12);
}

TEST(JaroWinklerScore, IsThatOfTheLiterature) {
  EXPECT_NEAR(jaro_winkler_score(U"MARTHA", U"MARHTA"), 0.9611, 1e-4);
  EXPECT_NEAR(jaro_winkler_score(U"DWAYNE", U"DUANE"), 0.84, 1e-4);
  EXPECT_NEAR(jaro_winkler_score(U"DIXON", U"DICKSONX"), 0.8133, 1e-4);
  EXPECT_NEAR(jaro_winkler_score(U"DICKSONX", U"DIXON"), 0.8133, 1e-4);
  EXPECT_EQ(jaro_winkler_score(U"same", U"same"), 1);
  EXPECT_EQ(jaro_winkler_score(U"abc", U"xyz"), 0);
  EXPECT_EQ(jaro_winkler_score(U"", U"xyz"), 0);
  EXPECT_EQ(jaro_winkler_score(U"a", U"b"), 0);
}

}  // namespace
}  // namespace tarsier::promql::search
