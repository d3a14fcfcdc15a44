#include "tarsier/result.hpp"

#include <gtest/gtest.h>

namespace tarsier {
namespace {

TEST(Error, CrossesTheAbiAndBack) {
  tarsier_error raw = empty_error();
  EXPECT_EQ(Error(TARSIER_AGAIN, "the queue is full", 5).to_c(&raw), TARSIER_AGAIN);
  const Error back = Error::from_c(raw.code, raw);
  EXPECT_EQ(back.message(), "the queue is full");
  EXPECT_EQ(back.retry_after_ns(), 5);
}

TEST(Error, IsCutAtACharacterBoundary) {
  std::string text(TARSIER_ERROR_TEXT_MAX - 1, 'x');
  text += "\xc3\xa4 and more";
  tarsier_error raw = empty_error();
  (void)Error::invalid(text).to_c(&raw);
  EXPECT_EQ(raw.message_size, uint32_t{TARSIER_ERROR_TEXT_MAX} - 1) << "the two-byte letter does not fit, so none of it is there";
}

TEST(Error, TakesContextInFront) {
  EXPECT_EQ(Error::invalid("no space left").in("open samples/active").message(), "open samples/active: no space left");
}

TEST(Result, HoldsEitherAValueOrAnError) {
  const Result<int> good = 7;
  EXPECT_EQ(*good, 7);
  const Result<int> bad = Error::not_found("no such thing");
  EXPECT_FALSE(bad.ok());
  EXPECT_EQ(bad.error().code(), TARSIER_NOT_FOUND);
}

TEST(ResultDeathTest, ValueOfAFailureIsADefect) {
  Result<int> bad = Error::invalid("seven expected");
  EXPECT_DEATH((void)bad.value(), "BUG: .*seven expected");
}

}  // namespace
}  // namespace tarsier
