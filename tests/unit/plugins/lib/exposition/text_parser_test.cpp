// The walk over a page: entries, values, timestamps, errors with lines, the shortcut for an expected series.
#include "plugins/lib/exposition/text_parser.hpp"

#include <bit>
#include <cmath>
#include <gtest/gtest.h>
#include <string>

#include "plugins/lib/exposition/number.hpp"

namespace tarsier::exposition {
namespace {

struct Lines {
  std::string out;
  void on_sample(const SeriesText& series, double value, bool has_timestamp, int64_t timestamp_ms) {
    out += series.name();
    for (const LabelText& label : series.labels()) out.append(",").append(label.name).append("=").append(label.value);
    out += ' ';
    append_number(out, value);
    if (has_timestamp) out += " @" + std::to_string(timestamp_ms);
    out += '\n';
  }
  void on_help(std::string_view family, std::string_view help) {
    out.append("H ").append(family).append("|").append(unescape_help(help)).append("\n");
  }
  void on_type(std::string_view family, uint32_t type) {
    out.append("T ").append(family).append("|").append(std::to_string(type)).append("\n");
  }
};

std::string read(std::string_view page, const Limits& limits = {}) {
  Lines lines;
  if (auto parsed = parse_text(page, limits, lines); !parsed) return lines.out + "error: " + parsed.error().message();
  return lines.out;
}

TEST(TextParser, ReadsAPage) {
  EXPECT_EQ(read("# HELP a What it \\\\ is.\\n\n# \tTYPE a summary\na{q=\"0\"} 4.5e-05\na{q=\"1\",} 7\n"),
            "H a|What it \\ is.\n\nT a|4\na,q=0 4.5e-05\na,q=1 7\n");
  EXPECT_EQ(read("# Hrandom\n#\n# HELP\n#HELP a b\n\n \t\na 33  \t123123"), "a 33 @123123\n");
  EXPECT_EQ(read("# HELP nohelp1\n# HELP nohelp2 \n# TYPE \"x.y\" gauge\n"), "H nohelp1|\nH nohelp2|\nT x.y|2\n");
  EXPECT_EQ(read("a{b=\"} # \\\" \"}\t-1 -5\n"), "a,b=} # \"  -1 @-5\n");
  EXPECT_EQ(read(""), "");
  EXPECT_EQ(read("\n\n"), "");
}

TEST(TextParser, ReadsSpecialValues) {
  EXPECT_EQ(read("a NaN\na Nan\na +Inf\na -inf\na 1e3\na .5\na 5.\na +2\na -0\na 1e-400\na 123456789012345678\n"),
            "a NaN\na NaN\na +Inf\na -Inf\na 1000\na 0.5\na 5\na 2\na -0\na 0\na 1.2345678901234568e+17\n");
  double value = 0;
  ASSERT_TRUE(parse_number("NaN", value));
  EXPECT_EQ(std::bit_cast<uint64_t>(value), UINT64_C(0x7ff8000000000001));
}

TEST(TextParser, RefusesWhatPrometheusRefuses) {
  for (const std::string_view bad : {"a",
                                     "a\n",
                                     "a true",
                                     "foo 1_2",
                                     "foo 0x1p-3",
                                     "foo 0x1P-3",
                                     "foo 0 1_2",
                                     "a 1 2 3",
                                     "a 1 1.5",
                                     "a 1 2e3",
                                     "a 1\r",
                                     "a{b=\n} 1",
                                     "something{problem=\"\n",
                                     "# TYPE #\n",
                                     "# HELP #\n",
                                     "# TYPE a sometype",
                                     "# TYPE a",
                                     "# TYPE a counter\r\n",
                                     "# TYPE a gaugehistogram",
                                     "a 1 # {} 1",
                                     "a 1 2 # {t=\"x\"} 1",
                                     "a nan(1)",
                                     "a 1e999",
                                     "a --1",
                                     "a +-1",
                                     "a 1e",
                                     "a .",
                                     "1a 1",
                                     "\xff 1",
                                     "a-b 1",
                                     "# HELP a \xff",
                                     "= 1",
                                     "{\"a\" 1"}) {
    EXPECT_NE(read(bad).find("error: "), std::string::npos) << bad << " -> " << read(bad);
  }
}

TEST(TextParser, NamesTheLineOfAnError) { EXPECT_EQ(read("a 1\n\n# c\nb x\n"), "a 1\nerror: line 4: value \"x\" is not a number"); }

TEST(TextParser, StaysFailed) {
  TextParser parser("a x\nb 1\n");
  EXPECT_EQ(parser.next(), Entry::invalid);
  EXPECT_EQ(parser.next(), Entry::invalid);
}

TEST(TextParser, AppliesLimits) {
  EXPECT_EQ(read("a 1\nb 2\n", {.samples = 2}), "a 1\nb 2\n");
  EXPECT_EQ(read("a 1\nb 2\n", {.samples = 1}), "a 1\nerror: line 2: more than 1 samples");
  EXPECT_EQ(read("a 1\nbbb 2\n", {.line_bytes = 4}), "a 1\nerror: line 2: longer than 4 bytes");
  EXPECT_EQ(read("# long comment\n", {.line_bytes = 4}), "error: line 1: longer than 4 bytes");
}

TEST(TextParser, SkipsLabelsOfAnExpectedSeries) {
  TextParser parser("a{b=\"c\"} 1\na{b=\"d\"} 2\na 3\na {x=\"y\"} 4\nab 5\n");
  ASSERT_EQ(parser.next("a{b=\"c\"}"), Entry::sample);
  EXPECT_EQ(parser.value(), 1);
  ASSERT_EQ(parser.next("a{b=\"c\"}"), Entry::sample);
  EXPECT_EQ(parser.series(), "a{b=\"d\"}");
  ASSERT_EQ(parser.next("a"), Entry::sample);
  EXPECT_EQ(parser.series(), "a");
  ASSERT_EQ(parser.next("a"), Entry::sample);
  EXPECT_EQ(parser.series(), "a {x=\"y\"}");
  ASSERT_EQ(parser.next("a"), Entry::sample);
  EXPECT_EQ(parser.series(), "ab");
  EXPECT_EQ(parser.next("a"), Entry::end);
}

}  // namespace
}  // namespace tarsier::exposition
