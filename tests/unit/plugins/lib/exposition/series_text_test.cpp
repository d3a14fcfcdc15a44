// Labels of a series: what is accepted, what is refused, escapes, limits.
#include "plugins/lib/exposition/series_text.hpp"

#include <gtest/gtest.h>
#include <string>

namespace tarsier::exposition {
namespace {

std::string read(std::string_view raw, const Limits& limits = {}) {
  SeriesText series;
  if (auto parsed = series.parse(raw, limits); !parsed) return "error: " + parsed.error().message();
  std::string out(series.name());
  for (const LabelText& label : series.labels()) out.append("|").append(label.name).append("=").append(label.value);
  return out;
}

TEST(SeriesText, ReadsBlanksAnywhereBetweenTokens) {
  EXPECT_EQ(read("a"), "a");
  EXPECT_EQ(read("some:aggregate:rate5m{a_b=\"c\"}"), "some:aggregate:rate5m|a_b=c");
  EXPECT_EQ(read("a{}"), "a");
  EXPECT_EQ(read("a { q = \"1.0\"\t,\ta = \"b\", }"), "a|q=1.0|a=b");
  EXPECT_EQ(read("a{q=\"2.0\" a=\"b\"}"), "a|q=2.0|a=b");
}

TEST(SeriesText, ReadsQuotedNames) {
  EXPECT_EQ(read("{\"go.gc\",quantile=\"0\"}"), "go.gc|quantile=0");
  EXPECT_EQ(read("{ \"go.gc\" }"), "go.gc");
  EXPECT_EQ(read("{a=\"b\",\"late name\"}"), "late name|a=b");
  EXPECT_EQ(read("{\"\xe2\x82\xac \\\"x\\\" {y\\nz}\",\"l\\n'q'\"=\"6\"}"), "\xe2\x82\xac \"x\" {y\nz}|l\n'q'=6");
}

TEST(SeriesText, KeepsUnknownEscapes) { EXPECT_EQ(read("a{b=\"\\d\\\\\\n\\\"\"}"), "a|b=\\d\\\n\""); }

TEST(SeriesText, KeepsNulBytesInValues) { EXPECT_EQ(read(std::string_view("a{b=\"x\0\"}", 9)), std::string("a|b=x\0", 6)); }

TEST(SeriesText, RefusesWhatPrometheusRefuses) {
  for (const std::string_view bad : {"a{b='c'}",
                                     "a{b=}",
                                     "a{\xff=\"foo\"}",
                                     "a{b=\"\xff\"}",
                                     "a{b=\"\xed\xa0\x80\"}",
                                     "a{b=\"\xc0\xaf\"}",
                                     "{\"a\", \"b = \"c\"}",
                                     "{\"a\",b\\nc=\"d\"}",
                                     "a{=\"\"}",
                                     "{a=\"ok\"}",
                                     "{}",
                                     "a{b=\"1\",b=\"2\"}",
                                     "a{b=\"1\"",
                                     "a{,}",
                                     "a{b=\"1\",,c=\"2\"}",
                                     "a{a:b=\"1\"}",
                                     "a{\"b\"}",
                                     "{\"a\",\"b\"}",
                                     "a{\"\"=\"1\"}",
                                     "a{__name__=\"b\"}",
                                     "{b}",
                                     "a{1b=\"x\"}",
                                     "a{b=\"c\"}x"}) {
    EXPECT_TRUE(read(bad).starts_with("error: ")) << bad << " -> " << read(bad);
  }
}

TEST(SeriesText, AppliesLimits) {
  const std::string_view raw = "a{bb=\"cc\",d=\"e\"}";
  EXPECT_EQ(read(raw, {.labels = 2, .label_name_bytes = 2, .label_value_bytes = 2}), "a|bb=cc|d=e");
  EXPECT_EQ(read(raw, {.labels = 1}), "error: 2 labels, the limit is 1");
  EXPECT_EQ(read(raw, {.label_name_bytes = 1}), "error: label name \"bb\" is longer than 1");
  EXPECT_EQ(read(raw, {.label_value_bytes = 1}), "error: value of label \"bb\" is longer than 1");
}

TEST(SeriesText, KnowsUtf8) {
  EXPECT_TRUE(is_utf8("12345678 plain"));
  EXPECT_TRUE(is_utf8("\xf4\x8f\xbf\xbf and \xe2\x82\xac"));
  for (const std::string_view bad : {"12345678\x80", "\xf4\x90\x80\x80", "\xe2\x82", "\xf0\x8f\xbf\xbf", "\xc1\xbf", "\xf8"})
    EXPECT_FALSE(is_utf8(bad));
}

}  // namespace
}  // namespace tarsier::exposition
