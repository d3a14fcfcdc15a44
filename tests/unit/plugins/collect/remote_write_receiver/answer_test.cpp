#include "plugins/collect/remote_write_receiver/answer.hpp"

#include <gtest/gtest.h>

namespace tarsier::remote_write {
namespace {

TEST(Answer, Is204WhenEverythingIsStored) {
  const Answer answer = answer_of({}, {.samples = 3, .histograms = 2, .exemplars = 1});
  EXPECT_EQ(answer.code, 204U);
  EXPECT_EQ(answer.body, "");
  EXPECT_EQ(answer.samples, 3U);
  EXPECT_EQ(answer.histograms, 2U);
  EXPECT_EQ(answer.exemplars, 1U);
}

TEST(Answer, Is400WithWhatTheStoreRefused) {
  const Answer answer = answer_of(Error::invalid("2 of 5 samples refused: out of order"), {.samples = 5});
  EXPECT_EQ(answer.code, 400U);
  EXPECT_EQ(answer.body, "2 of 5 samples refused: out of order");
  EXPECT_EQ(answer.samples, 3U);
}

TEST(Answer, CountsNothingWhenTheStoreDoesNotSayHowManyItRefused) {
  EXPECT_EQ(answer_of(Error::invalid("malformed"), {.samples = 5}).samples, 0U);
  EXPECT_EQ(answer_of(Error::invalid("99999999999999999999 of 5"), {.samples = 5}).samples, 0U);
}

TEST(Answer, IsNeverTooHighForRefusalsOfTwoSorts) {
  const Answer answer = answer_of(Error::invalid("2 of 6 samples refused"), {.samples = 5, .histograms = 1});
  EXPECT_EQ(answer.samples, 3U);
  EXPECT_EQ(answer.histograms, 0U);
}

TEST(Answer, CountsTheExemplarsThatTheStoreRefused) {
  const Answer both = answer_of(Error::invalid("2 of 5 samples and 1 of 4 exemplars refused: out of order"),
                                {.samples = 5, .histograms = 0, .exemplars = 4});
  EXPECT_EQ(both.code, 400U);
  EXPECT_EQ(both.samples, 3U);
  EXPECT_EQ(both.exemplars, 3U);
  const Answer hostile = answer_of(Error::invalid("1 of 5 samples refused: m{a=\" and 4 of 4 exemplars \"}"),
                                   {.samples = 5, .histograms = 0, .exemplars = 4});
  EXPECT_EQ(hostile.exemplars, 4U);
  EXPECT_EQ(answer_of(Error::invalid("malformed"), {.samples = 0, .histograms = 0, .exemplars = 4}).exemplars, 0U);
}

TEST(Answer, Is204WhenOnlyExemplarsAreRefused) {
  const Answer answer =
      answer_of(Error::invalid("3 of 4 exemplars refused: out of order"), {.samples = 5, .histograms = 1, .exemplars = 4});
  EXPECT_EQ(answer.code, 204U);
  EXPECT_EQ(answer.body, "");
  EXPECT_EQ(answer.samples, 5U);
  EXPECT_EQ(answer.histograms, 1U);
  EXPECT_EQ(answer.exemplars, 1U);
}

TEST(Answer, Is400WithWhatWasRefusedBeforeTheStore) {
  Tally tally{.samples = 1};
  tally.refuse(2, "a label name twice", "{a=\"b\"}");
  const Answer answer = answer_of({}, tally);
  EXPECT_EQ(answer.code, 400U);
  EXPECT_EQ(answer.body, "2 samples or exemplars refused: a label name twice: {a=\"b\"}");
  EXPECT_EQ(answer.samples, 1U);
}

TEST(Answer, AsksToSendAgainWhenTheStoreIsBusyOrAway) {
  for (const tarsier_status status : {TARSIER_AGAIN, TARSIER_UNAVAILABLE, TARSIER_CANCELLED}) {
    const Answer answer = answer_of(Error(status, "later"), {.samples = 1});
    EXPECT_EQ(answer.code, 503U);
    EXPECT_EQ(answer.retry_after_s, 1);
    EXPECT_EQ(answer.samples, 0U);
  }
  EXPECT_EQ(answer_of(Error(TARSIER_AGAIN, "later", 2'500'000'000), {}).retry_after_s, 3);
}

TEST(Answer, Is500WhenTheStoreFails) {
  EXPECT_EQ(answer_of(Error(TARSIER_RESOURCE, "the disk is full"), {.samples = 1}).code, 500U);
}

TEST(Tally, KeepsTheReasonsShort) {
  Tally tally;
  for (int i = 0; i < 1000; ++i) tally.refuse(1, "no", std::string(1000, 'x'));
  EXPECT_EQ(tally.refused, 1000U);
  EXPECT_LT(tally.text().size(), 2000U);
}

}  // namespace
}  // namespace tarsier::remote_write
