// Writing, and reading back what was written.
#include "plugins/lib/exposition/text_writer.hpp"

#include <array>
#include <bit>
#include <cmath>
#include <gtest/gtest.h>
#include <random>
#include <string>

#include "plugins/lib/exposition/number.hpp"

namespace tarsier::exposition {
namespace {

std::string number(double value) {
  std::string out;
  append_number(out, value);
  return out;
}

TEST(TextWriter, WritesFamiliesAndSamples) {
  std::string out;
  TextWriter writer(out);
  const std::array<LabelText, 2> labels = {LabelText{"a", "x\\\"\n"}, LabelText{"b.c", "y"}};
  writer.family("m", "First\nsecond \\ \"q\".", "gauge");
  writer.sample("m", labels, 1.5, 12);
  writer.sample("m", {}, 2);
  writer.family("n.dotted", "", "counter");
  writer.sample("n.dotted", labels, 0);
  writer.sample("n.dotted", {}, 0);
  EXPECT_EQ(out,
            "# HELP m First\\nsecond \\\\ \"q\".\n# TYPE m gauge\nm{a=\"x\\\\\\\"\\n\",\"b.c\"=\"y\"} 1.5 12\nm 2\n"
            "# TYPE \"n.dotted\" counter\n{\"n.dotted\",a=\"x\\\\\\\"\\n\",\"b.c\"=\"y\"} 0\n{\"n.dotted\"} 0\n");
}

TEST(TextWriter, WritesNumbersAsGoDoes) {
  EXPECT_EQ(number(0), "0");
  EXPECT_EQ(number(-1), "-1");
  EXPECT_EQ(number(999999), "999999");
  EXPECT_EQ(number(1000000), "1e+06");
  EXPECT_EQ(number(1.4305801e+07), "1.4305801e+07");
  EXPECT_EQ(number(1821.2730000000001), "1821.2730000000001");
  EXPECT_EQ(number(0.0001), "0.0001");
  EXPECT_EQ(number(0.00001), "1e-05");
  EXPECT_EQ(number(1e300), "1e+300");
}

TEST(TextWriter, WritesBoundsAsOpenMetricsDoes) {
  const auto bound = [](double value) {
    std::string out = "1";  // what stands before does not matter
    append_open_metrics_number(out, value);
    return out.substr(1);
  };
  EXPECT_EQ(bound(1), "1.0");
  EXPECT_EQ(bound(-0.0), "0.0");
  EXPECT_EQ(bound(0.5), "0.5");
  EXPECT_EQ(bound(100000), "100000.0");
  EXPECT_EQ(bound(1e6), "1e+06");
  EXPECT_EQ(bound(HUGE_VAL), "+Inf");
  EXPECT_EQ(bound(NAN), "NaN");
}

TEST(TextWriter, NumbersReadBackUnchanged) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 20000; ++i) {
    const auto value = std::bit_cast<double>(random());
    if (value != value) continue;
    double back = 0;
    ASSERT_TRUE(parse_number(number(value), back)) << number(value);
    ASSERT_EQ(std::bit_cast<uint64_t>(back), std::bit_cast<uint64_t>(value)) << number(value);
  }
}

}  // namespace
}  // namespace tarsier::exposition
