#include "core/config/units.hpp"

#include <gtest/gtest.h>
#include <limits>
#include <string>
#include <vector>

namespace tarsier::config {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

TEST(Units, ReadsDurations) {
  const std::vector<std::pair<std::string, int64_t>> cases = {
      {"15s", 15 * kSecond},
      {"1h30m", 5400 * kSecond},
      {"250ms", kSecond / 4},
      {"1.5h", 5400 * kSecond},
      {"0", 0},
      {"0s", 0},
      {"15d", 15 * 86400 * kSecond},
      {"1y2w3d4h5m6s7ms8us9ns",
       365 * 86400 * kSecond + 14 * 86400 * kSecond + 3 * 86400 * kSecond + 4 * 3600 * kSecond + 306 * kSecond + 7008009},
      {"10\xc2\xb5s", 10000},
      {"292y", int64_t{292} * 365 * 86400 * kSecond}};
  for (const auto& [text, ns] : cases) {
    const auto value = parse_duration(text);
    ASSERT_TRUE(value.ok()) << text << ": " << value.error().message();
    EXPECT_EQ(*value, ns) << text;
  }
}

TEST(Units, RefusesWhatIsNoDuration) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "is empty"},
      {"15", "has no unit (ns, us, ms, s, m, h, d, w, y)"},
      {"s", "has no number where one is expected"},
      {"-5s", "has no number where one is expected"},
      {"5 s", "has the unknown unit \" s\" (ns, us, ms, s, m, h, d, w, y)"},
      {"5min", "has the unknown unit \"min\" (ns, us, ms, s, m, h, d, w, y)"},
      {"30m1h", "has its units out of order"},
      {"1s1s", "has its units out of order"},
      {"1.s", "has no digit after the point"},
      {"0.1ns", "is finer than the smallest unit"},
      {"300y", "is too large"},
      {"292y365d", "is too large"},
      {"99999999999999999999s", "is too large"},
      {"1.0000000001h", "has more than nine digits after the point"},
      {std::string(100, '1') + "s", "is too long"}};
  for (const auto& [text, message] : cases) {
    const auto value = parse_duration(text);
    ASSERT_FALSE(value.ok()) << text;
    EXPECT_EQ(value.error().message(), message) << text;
  }
}

TEST(Units, ReadsSizesInPowersOf1000And1024) {
  const std::vector<std::pair<std::string, int64_t>> cases = {{"0", 0},
                                                              {"1B", 1},
                                                              {"64KB", 64000},
                                                              {"64KiB", 65536},
                                                              {"2GiB", 2LL << 30},
                                                              {"1.5MiB", 3LL << 19},
                                                              {"8191PiB", 8191LL << 50},
                                                              {"3TB", 3000000000000}};
  for (const auto& [text, bytes] : cases) {
    const auto value = parse_size(text);
    ASSERT_TRUE(value.ok()) << text << ": " << value.error().message();
    EXPECT_EQ(*value, bytes) << text;
  }
  for (const char* text : {"", "12", "12K", "12kb", "-1B", "1MB2KB", "8192PiB", "0.5B", "1MB/s"})
    EXPECT_FALSE(parse_size(text).ok()) << text;
}

TEST(Units, ReadsRates) {
  EXPECT_EQ(*parse_rate("10MB/s"), 10'000'000);
  EXPECT_EQ(*parse_rate("0"), 0);
  EXPECT_EQ(parse_rate("10MB").error().message(), "does not end in \"/s\"");
  EXPECT_FALSE(parse_rate("/s").ok());
}

TEST(Units, WritesWhatReadsBackTheSame) {
  EXPECT_EQ(format_duration(5400 * kSecond), "1h30m");
  EXPECT_EQ(format_duration(15 * 86400 * kSecond), "15d");
  EXPECT_EQ(format_duration(0), "0s");
  EXPECT_EQ(format_size(2LL << 30), "2GiB");
  EXPECT_EQ(format_size(64000), "64KB");
  EXPECT_EQ(format_size(1234567), "1234567B");
  EXPECT_EQ(format_rate(10'000'000), "10MB/s");
  for (const int64_t value : {int64_t{1}, int64_t{999}, int64_t{65537}, kSecond + 1, std::numeric_limits<int64_t>::max()}) {
    EXPECT_EQ(*parse_duration(format_duration(value)), value);
    EXPECT_EQ(*parse_size(format_size(value)), value);
  }
}

}  // namespace
}  // namespace tarsier::config
