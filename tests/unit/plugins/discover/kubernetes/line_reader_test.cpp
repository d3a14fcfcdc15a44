#include "plugins/discover/kubernetes/api/line_reader.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <vector>

namespace tarsier::discover_kubernetes {
namespace {

using testing::ElementsAre;

class LineReaderTest : public testing::Test {
 protected:
  Result<void> feed(std::string_view piece) {
    return reader_.feed(piece, [this](std::string_view line) -> Result<void> {
      if (line == "stop") return Error::invalid("stopped");
      lines_.emplace_back(line);
      return {};
    });
  }
  LineReader reader_{10};
  std::vector<std::string> lines_;
};

TEST_F(LineReaderTest, JoinsPiecesThatAreCutAnywhere) {
  ASSERT_TRUE(feed("on").ok());
  ASSERT_TRUE(feed("").ok());
  EXPECT_THAT(lines_, ElementsAre());
  ASSERT_TRUE(feed("e\ntwo\n\nthr").ok());
  EXPECT_THAT(lines_, ElementsAre("one", "two"));
  ASSERT_TRUE(feed("ee\n").ok());
  EXPECT_THAT(lines_, ElementsAre("one", "two", "three"));
}

TEST_F(LineReaderTest, RefusesALineThatIsTooLong) {
  ASSERT_TRUE(feed("0123456789\n01234").ok());
  EXPECT_EQ(feed("567890").error().code(), TARSIER_RESOURCE);
  reader_.clear();
  EXPECT_EQ(feed("0123456789a\n").error().code(), TARSIER_RESOURCE);
}

TEST_F(LineReaderTest, EndsWithTheErrorOfWhoTakesALine) {
  EXPECT_EQ(feed("one\nstop\nthree\n").error().message(), "stopped");
  EXPECT_THAT(lines_, ElementsAre("one"));
}

}  // namespace
}  // namespace tarsier::discover_kubernetes
