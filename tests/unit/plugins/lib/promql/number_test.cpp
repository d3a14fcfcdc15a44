#include "plugins/lib/promql/number.hpp"

#include <cmath>
#include <gtest/gtest.h>
#include <limits>

namespace tarsier::promql {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

TEST(Number, ReadsFloatsAsGo) {
  const std::pair<const char*, double> known[] = {{"010", 10},          {"0100.5", 100.5}, {"1e3", 1000},      {"1E+3", 1000},
                                                  {".5", 0.5},          {"5.", 5},         {"+5", 5},          {"-1_0", -10},
                                                  {"0x1p4", 16},        {"0X1.8P1", 3},    {"-0x_1_0p0", -16}, {"Inf", kInf},
                                                  {"-infinity", -kInf}, {"+INF", kInf},    {"1e-400", 0},      {"0x1p-5000", 0},
                                                  {"1e1_0", 1e10},      {"0e99999", 0},    {"0.0000", 0},      {"1e308", 1e308},
                                                  {"5e-324", 5e-324}};
  for (const auto& [text, value] : known) EXPECT_EQ(read_float(text), value) << text;
  EXPECT_TRUE(std::isnan(read_float("nAn").value_or(0)));
}

TEST(Number, RefusesFloatsThatGoRefuses) {
  for (const char* text : {"",     "+",    ".",    "e5",  "1e", "0x10", "0x",      "0xp1",   "0b1", "1__0", "_1", "1_",
                           "1_.5", "1._5", "+nan", "--1", "1 ", " 1",   "infinit", "nan(1)", "5m",  "0x1p", "1,5"}) {
    bool out_of_range = true;
    EXPECT_EQ(read_float(text, &out_of_range), std::nullopt) << text;
    EXPECT_FALSE(out_of_range) << text;
  }
}

TEST(Number, TellsWhatIsTooLargeForADouble) {
  for (const std::string& text : {std::string("1e400"), std::string("-1e309"), std::string("0x1p5000"), std::string(400, '9'),
                                  std::string("1e99999999999999999999"), std::string(400, '9') + "e-1"}) {
    bool out_of_range = false;
    EXPECT_EQ(read_float(text, &out_of_range), std::nullopt) << text;
    EXPECT_TRUE(out_of_range) << text;
  }
  EXPECT_EQ(read_float("0." + std::string(400, '0') + "1"), 0);
}

TEST(Number, ReadsNumbersOfTheLanguageWithBases) {
  const std::pair<const char*, double> known[] = {{"0100", 64}, {"00", 0},       {"0x1F", 31},    {"0x_1", 1},
                                                  {"09", 9},    {"010.5", 10.5}, {"1_000", 1000}, {"0x7fffffffffffffff", 0x1p63}};
  for (const auto& [text, value] : known) EXPECT_EQ(read_number(text), value) << text;
  for (const char* text : {"0x8000000000000000", "0x", "0x-1", "1__000", "1_"}) EXPECT_EQ(read_number(text), std::nullopt) << text;
}

TEST(Number, ReadsIntegersAsGo) {
  EXPECT_EQ(read_integer("+7"), 7);
  EXPECT_EQ(read_integer("-007"), -7);
  for (const char* text : {"", "+", "+-7", "1.5", "0x1", "1_0", " 1"}) {
    bool out_of_range = true;
    EXPECT_EQ(read_integer(text, &out_of_range), std::nullopt) << text;
    EXPECT_FALSE(out_of_range) << text;
  }
  bool out_of_range = false;
  EXPECT_EQ(read_integer("9223372036854775808", &out_of_range), std::nullopt);
  EXPECT_TRUE(out_of_range);
}

}  // namespace
}  // namespace tarsier::promql
