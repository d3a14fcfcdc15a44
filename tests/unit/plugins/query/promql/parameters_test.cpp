#include "plugins/query/promql/api/parameters.hpp"

#include <gtest/gtest.h>

namespace tarsier::promql {
namespace {

constexpr int64_t kMs = 1'000'000;

TEST(Parameters, ReadsTimesToTheMillisecond) {
  EXPECT_EQ(read_time("1435781451.781"), 1435781451781 * kMs);
  EXPECT_EQ(read_time("-1.5e3"), -1500000 * kMs);
  EXPECT_EQ(read_time("2015-07-01T20:10:51.781Z"), 1435781451781 * kMs);
  EXPECT_EQ(read_time("2015-07-01T22:10:51.781234+02:00"), 1435781451781 * kMs);
  EXPECT_EQ(read_time("-292273086-05-16T16:47:06Z"), kMinTimeNs);
  EXPECT_EQ(read_time("now"), std::nullopt);
  EXPECT_EQ(read_time(""), std::nullopt);
  EXPECT_EQ(read_time("2015-13-01T20:10:51Z"), std::nullopt);
}

TEST(Parameters, TakesAllTimesThatCanBeStored) {
  EXPECT_EQ(read_time("9223372036.854"), kMaxTimeNs);
  EXPECT_EQ(read_time("-9223372036.854"), kMinTimeNs);
  EXPECT_EQ(read_time("2262-04-11T23:47:16.854Z"), kMaxTimeNs);
  EXPECT_EQ(read_time("1677-09-21T00:12:43.146Z"), kMinTimeNs);
  EXPECT_EQ(read_time("2200-01-01T00:00:00Z"), 7258118400000 * kMs);
  for (const char* beyond : {"1e300", "9999-12-31T23:59:59.999Z", "9223372036.999"})
    EXPECT_EQ(read_time(beyond), kMaxTimeNs) << beyond;
  for (const char* beyond : {"-1e300", "0001-01-01T00:00:00Z"}) EXPECT_EQ(read_time(beyond), kMinTimeNs) << beyond;
}

TEST(Parameters, ReadsLengths) {
  EXPECT_EQ(read_length("15"), 15000 * kMs);
  EXPECT_EQ(read_length("0.25"), 250 * kMs);
  EXPECT_EQ(read_length("1h30m"), 5400000 * kMs);
  EXPECT_EQ(read_length("abc"), std::nullopt);
}

TEST(Parameters, NamesTheParameterThatIsWrong) {
  SeriesParameters parameters;
  const auto bad = read_series_parameters(http::Form("match[]=up&match[]=sum("), parameters);
  ASSERT_TRUE(bad.has_value());
  EXPECT_EQ(bad->name, "match[]");
  EXPECT_EQ(bad->text, "1:5: parse error: unclosed left parenthesis");
}

TEST(Parameters, UnescapesLabelNames) {
  EXPECT_EQ(unescape_label("U__a_2e_b"), "a.b");
  EXPECT_EQ(unescape_label("U__a__b"), "a_b");
  EXPECT_EQ(unescape_label("job"), "job");
}

}  // namespace
}  // namespace tarsier::promql
