#include "tarsier/flat_set.hpp"

#include <gtest/gtest.h>

namespace tarsier {
namespace {

using Labels = std::vector<std::pair<std::string_view, std::string_view>>;

std::vector<uint8_t> flat(const Labels& labels) {
  std::vector<uint8_t> set;
  for (const auto& [name, value] : labels) append_flat_label(set, name, value);
  return set;
}

std::string why(std::span<const uint8_t> set) {
  Labels labels;
  const auto decoded = decode_flat_set(set, labels);
  return decoded ? "accepted" : decoded.error().message();
}
std::string why(std::string_view set) { return why({reinterpret_cast<const uint8_t*>(set.data()), set.size()}); }

TEST(FlatSet, IsTheLabelsOfATimeSeriesOfRemoteWrite) {
  const auto set = flat({{"__name__", "up"}, {"job", "node"}});
  const std::string golden = "\x0a\x0e\x0a\x08__name__\x12\x02up\x0a\x0b\x0a\x03job\x12\x04node";
  EXPECT_EQ(std::string(set.begin(), set.end()), golden);
}

TEST(FlatSet, ReadsBackWhatWasAppended) {
  const std::string long_value(300, 'x');
  const Labels labels = {{"__name__", "up"}, {"long", long_value}, {"ort", "Köln"}};
  const auto set = flat(labels);
  Labels read = {{"left", "over"}};
  ASSERT_TRUE(decode_flat_set(set, read));
  EXPECT_EQ(read, labels);
}

TEST(FlatSet, SortsByNameAndLeavesOutEmptyValues) {
  const auto set = flat({{"job", "node"}, {"gone", ""}, {"__name__", "up"}});
  Labels read;
  ASSERT_TRUE(decode_flat_set(set, read));
  EXPECT_EQ(read, (Labels{{"__name__", "up"}, {"job", "node"}}));
}

TEST(FlatSet, TakesTheFieldsOfALabelInAnyOrder) {
  Labels read;
  const std::string_view set("\x0a\x06\x12\x01v\x0a\x01n", 8);
  ASSERT_TRUE(decode_flat_set({reinterpret_cast<const uint8_t*>(set.data()), set.size()}, read));
  EXPECT_EQ(read, (Labels{{"n", "v"}}));
}

TEST(FlatSet, NamesWhatIsWrong) {
  EXPECT_NE(why(flat({{"a", "1"}, {"a", "2"}})).find("\"a\" is there twice"), std::string::npos);
  EXPECT_NE(why(flat({{"b", "1"}, {"a", "1"}, {"b", "1"}})).find("\"b\" is there twice"), std::string::npos);
  EXPECT_NE(why(flat({{"", "lost"}})).find("empty name, of the value \"lost\""), std::string::npos);
  EXPECT_NE(why(flat({{"ok", "1"}, {"\xff", "1"}})).find("label 2 is not UTF-8"), std::string::npos);
  EXPECT_NE(why(flat({{"ok", "\xc3"}})).find("is not UTF-8"), std::string::npos);
  EXPECT_NE(why("\x12\x00").find("malformed label at byte 1"), std::string::npos);
  EXPECT_NE(why(std::vector<uint8_t>(kMaxFlatSetBytes + 1, 0x0a)).find("are taken"), std::string::npos);
}

TEST(FlatSet, RefusesMoreLabelsThanTheLimit) {
  std::vector<uint8_t> set;
  for (size_t i = 0; i <= kMaxFlatSetLabels; ++i) append_flat_label(set, "label" + std::to_string(i), "x");
  EXPECT_NE(why(set).find("more than 4096 labels"), std::string::npos);
}

TEST(FlatSet, RefusesEveryTruncationThatIsNotBetweenLabels) {
  const auto set = flat({{"__name__", "up"}, {"job", "node"}});
  for (size_t size = 1; size < set.size(); ++size) {
    const bool between = size == 16;
    EXPECT_EQ(why(std::span(set).first(size)) == "accepted", between) << size;
  }
}

TEST(Utf8, KnowsWhatIsWellFormed) {
  for (const std::string_view good : {"", "plain", "plain enough for a word", "K\xc3\xb6ln", "12345678\xe2\x82\xac",
                                      "\xf0\x9f\x98\x80", "\xed\x9f\xbf", "\xee\x80\x80", "\xf4\x8f\xbf\xbf"})
    EXPECT_TRUE(is_utf8(good)) << good;
  for (const std::string_view bad : {"\x80", "\xc0\xaf", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf",
                                     "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xe2\x82", "12345678\xff", "\xc3(", "\xf0\x9f\x98("})
    EXPECT_FALSE(is_utf8(bad)) << bad;
}

}  // namespace
}  // namespace tarsier
