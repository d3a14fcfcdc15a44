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

TEST(Parameters, ReadsSecondsWithoutOctal) {
  EXPECT_EQ(read_time("0100"), 100000 * kMs);
  EXPECT_EQ(read_time("1_000"), 1000000 * kMs);
  EXPECT_EQ(read_time("0x1p4"), 16000 * kMs);
  EXPECT_EQ(read_time("+.5"), 500 * kMs);
  for (const char* wrong : {"0x10", "1__0", "1_", "1e400", "0b1", "1e", ".", " 5", "NaN", "Inf"})
    EXPECT_EQ(read_time(wrong), std::nullopt) << wrong;
}

TEST(Parameters, RefusesDatesThatDoNotExist) {
  for (const char* wrong :
       {"2015-02-30T00:00:00Z", "1900-02-29T00:00:00Z", "2015-00-10T00:00:00Z", "2015-07-01T24:00:00Z", "2015-07-01t20:10:51Z",
        "2015-07-01T20:10:51z", "2015-07-01T20:10:51+25:00", "2015-07-01T20:10:51+24:61", "2015-07-01T20:10:51.Z",
        "2015-07-01T20:10:51", "2015-07-01T20:10:51+0200", "2015-07-01T20:10:51Zx"})
    EXPECT_EQ(read_time(wrong), std::nullopt) << wrong;
}

TEST(Parameters, TakesDatesThatGoTakes) {
  EXPECT_EQ(read_time("2016-02-29T00:00:00Z"), 1456704000000 * kMs);
  EXPECT_EQ(read_time("2015-07-01T2:10:51Z"), 1435716651000 * kMs);
  EXPECT_EQ(read_time("2015-07-01T20:10:51,5Z"), 1435781451500 * kMs);
  EXPECT_EQ(read_time("2015-07-01T20:10:51-24:00"), 1435867851000 * kMs);
}

TEST(Parameters, ReadsLengths) {
  const std::pair<const char*, int64_t> lengths[] = {{"15", 15000},  {"0.25", 250},    {"1h30m", 5400000},
                                                     {"060", 60000}, {"0x1p6", 64000}, {"1_0", 10000}};
  for (const auto& [text, ms] : lengths) {
    const auto length = read_length(text);
    ASSERT_TRUE(length) << text;
    EXPECT_EQ(*length, ms * kMs) << text;
  }
  EXPECT_EQ(*read_length("0.0005"), kMs / 2) << "what is short is not nothing";
}

TEST(Parameters, ReadsBooleansAsGo) {
  for (const char* yes : {"1", "t", "T", "true", "True", "TRUE"}) EXPECT_EQ(read_bool(yes), true) << yes;
  for (const char* no : {"0", "f", "F", "false", "False", "FALSE"}) EXPECT_EQ(read_bool(no), false) << no;
  for (const char* neither : {"", "yes", "tRUE", "2"}) EXPECT_EQ(read_bool(neither), std::nullopt) << neither;
}

TEST(Parameters, SaysWhyALengthIsNone) {
  EXPECT_EQ(read_length("abc").error().message(), "cannot parse \"abc\" to a valid duration");
  EXPECT_EQ(read_length("0x10").error().message(), "cannot parse \"0x10\" to a valid duration");
  EXPECT_EQ(read_length("1e400").error().message(), "cannot parse \"1e400\" to a valid duration");
  EXPECT_EQ(read_length("1e300").error().message(), "cannot parse \"1e300\" to a valid duration. It overflows int64");
  EXPECT_EQ(read_length("Inf").error().message(), "cannot parse \"Inf\" to a valid duration. It overflows int64");
}

TEST(Parameters, NamesTheParameterThatIsWrong) {
  SeriesParameters parameters;
  const auto bad = read_series_parameters(http::Form("match[]=up&match[]=sum("), parameters);
  ASSERT_TRUE(bad.has_value());
  EXPECT_EQ(bad->name, "match[]");
  EXPECT_EQ(bad->text, "1:4: parse error: unexpected \"(\"");
}

TEST(Parameters, TellsALimitThatIsTooLargeFromOneThatIsNone) {
  uint64_t limit = 0;
  EXPECT_EQ(read_limit(http::Form("limit=99999999999999999999"), limit)->text,
            "strconv.Atoi: parsing \"99999999999999999999\": value out of range");
  EXPECT_EQ(read_limit(http::Form("limit=x"), limit)->text, "strconv.Atoi: parsing \"x\": invalid syntax");
  EXPECT_FALSE(read_limit(http::Form("limit=%2B7"), limit).has_value());
  EXPECT_EQ(limit, 7U);
}

TEST(Parameters, UnescapesLabelNames) {
  EXPECT_EQ(unescape_label("U__a_2e_b"), "a.b");
  EXPECT_EQ(unescape_label("U__a__b"), "a_b");
  EXPECT_EQ(unescape_label("job"), "job");
}

}  // namespace
}  // namespace tarsier::promql
