#include "core/config/nearest.hpp"

#include <gtest/gtest.h>
#include <vector>

namespace tarsier::config {
namespace {

TEST(Nearest, CountsASwapOfNeighboursAsOneChange) {
  EXPECT_EQ(edit_distance("interval", "interval"), 0U);
  EXPECT_EQ(edit_distance("intreval", "interval"), 1U);
  EXPECT_EQ(edit_distance("", "abc"), 3U);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
}

TEST(Nearest, NamesTheLikelyMeaningAndNothingFarFetched) {
  const std::vector<std::string> known = {"interval", "timeout", "targets"};
  EXPECT_EQ(nearest("intervall", known), "interval");
  EXPECT_EQ(nearest("time-out", known), "timeout");
  EXPECT_EQ(nearest("Targets", known), "targets");
  EXPECT_EQ(nearest("password", known), "");
  EXPECT_EQ(nearest(std::string(1000, 'x'), known), "");
}

TEST(Nearest, NamesTheOneThatHasTheWordAtItsBeginningOrEnd) {
  const std::vector<std::string> known = {"scrape_interval", "job_name",    "label_name_length",
                                          "sample_limit",    "label_limit", "tls_config"};
  EXPECT_EQ(nearest("name", known), "job_name");
  EXPECT_EQ(nearest("Interval", known), "scrape_interval");
  EXPECT_EQ(nearest("tls", known), "tls_config");
  EXPECT_EQ(nearest("limit", known), "") << "there are two";
  EXPECT_EQ(nearest("val", known), "") << "whole words only";
  EXPECT_EQ(nearest("", known), "");
}

TEST(Nearest, ListsWhatIsKnownWhenNothingIsNear) {
  const std::vector<std::string> known = {"host", "plugin"};
  EXPECT_EQ(suggestion("plugins", known), "; did you mean \"plugin\"?");
  EXPECT_EQ(suggestion("receivers", known), "; known here: host, plugin");
  EXPECT_EQ(suggestion("x", std::vector<std::string>{}), "");
  std::vector<std::string> many;
  for (char name = 'a'; name <= 'l'; ++name) many.emplace_back(4, name);
  EXPECT_EQ(suggestion("password", many), "; known here: aaaa, bbbb, cccc, dddd, eeee, ffff, gggg, hhhh, iiii, jjjj and 2 more");
}

}  // namespace
}  // namespace tarsier::config
