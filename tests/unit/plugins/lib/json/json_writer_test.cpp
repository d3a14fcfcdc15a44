#include "plugins/lib/json/json_writer.hpp"

#include <gtest/gtest.h>
#include <limits>

namespace tarsier::json {
namespace {

std::string number(double value) {
  std::string out;
  append_double(out, value);
  return out;
}

std::string escaped(std::string_view text) {
  std::string out;
  append_string(out, text);
  return out;
}

TEST(JsonWriter, PutsCommasWhereTheyBelong) {
  Writer json;
  json.begin_object().key("a").begin_array().integer(1).string("x").null().end_array().key("b").boolean(true).end_object();
  EXPECT_EQ(json.text(), R"({"a":[1,"x",null],"b":true})");
}

TEST(JsonWriter, WritesTheShortestNumberThatReadsBack) {
  EXPECT_EQ(number(0.1), "0.1");
  EXPECT_EQ(number(1e20), "100000000000000000000");
  EXPECT_EQ(number(1e21), "1e+21");
  EXPECT_EQ(number(1e-6), "0.000001");
  EXPECT_EQ(number(1e-7), "1e-07");
  EXPECT_EQ(number(-0.0), "-0");
  EXPECT_EQ(number(std::numeric_limits<double>::infinity()), "+Inf");
  EXPECT_EQ(number(std::numeric_limits<double>::quiet_NaN()), "NaN");
}

TEST(JsonWriter, EscapesAndMendsText) {
  EXPECT_EQ(escaped("a\"b\\\n\x01"), R"("a\"b\\\n\u0001")");
  EXPECT_EQ(escaped("\xc3\xa9\xff"), "\"\xc3\xa9\xef\xbf\xbd\"");
}

TEST(JsonWriter, EscapesWhereverTheByteLies) {
  const std::string plain = "the quick brown fox jumps";
  for (int byte = 0; byte < 256; ++byte) {
    const auto c = static_cast<char>(byte);
    const std::string alone = escaped(std::string(1, c));
    const std::string expected = alone.substr(1, alone.size() - 2);
    for (size_t at = 0; at < plain.size(); ++at) {
      std::string text = plain;
      text[at] = c;
      ASSERT_EQ(escaped(text), '"' + plain.substr(0, at) + expected + plain.substr(at + 1) + '"') << byte << " at " << at;
    }
  }
}

TEST(JsonWriter, WritesMillisecondsAsSeconds) {
  Writer json;
  json.begin_array().seconds_of_ms(1435781451781).seconds_of_ms(-500).seconds_of_ms(1000).end_array();
  EXPECT_EQ(json.text(), "[1435781451.781,-0.500,1]");
}

TEST(JsonWriter, HandsOnPieces) {
  std::string all;
  size_t pieces = 0;
  Writer json([&](std::string_view piece) {
    all += piece;
    ++pieces;
  });
  json.begin_array();
  for (int i = 0; i < 30000; ++i) json.begin_array().integer(i).end_array();
  json.end_array();
  json.flush();
  EXPECT_GT(pieces, 1U);
  EXPECT_EQ(all.substr(0, 8), "[[0],[1]");
  EXPECT_EQ(all.back(), ']');
}

}  // namespace
}  // namespace tarsier::json
