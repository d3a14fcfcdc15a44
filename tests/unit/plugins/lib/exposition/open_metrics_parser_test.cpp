// OpenMetrics: what a page says, and how strictly it is read.
#include "plugins/lib/exposition/open_metrics_parser.hpp"

#include <gtest/gtest.h>
#include <string>

#include "plugins/lib/exposition/number.hpp"

namespace tarsier::exposition {
namespace {

void append_labels(std::string& out, const SeriesText& series) {
  for (const LabelText& label : series.labels()) out.append(",").append(label.name).append("=").append(label.value);
}

void append_sample(std::string& out, const OpenMetricsParser& parser) {
  SeriesText series;
  const auto parsed = series.parse(parser.series(), {});
  out += parsed ? std::string(series.name()) : "error: " + parsed.error().message();
  append_labels(out, series);
  out += ' ';
  append_number(out, parser.value());
  if (parser.has_timestamp()) out += " @" + std::to_string(parser.timestamp_ms());
  if (const auto* exemplar = parser.exemplar()) {
    out += " #";
    append_labels(out, exemplar->labels);
    out += ' ';
    append_number(out, exemplar->value);
    if (exemplar->has_timestamp) out += " @" + std::to_string(exemplar->timestamp_ms);
  }
  out += '\n';
}

/// A line for each entry; the same whether series are expected or not.
std::string read(std::string_view page, const Limits& limits = {}) {
  std::string out;
  OpenMetricsParser parser(page, limits), expecting(page, limits);
  for (;;) {
    const Entry entry = parser.next();
    EXPECT_EQ(entry, expecting.next(entry == Entry::sample ? parser.series() : std::string_view()));
    switch (entry) {
      case Entry::sample:
        EXPECT_TRUE(expecting.matched());
        EXPECT_EQ(expecting.value(), parser.value());
        append_sample(out, parser);
        break;
      case Entry::help:
        out.append("H ").append(parser.family()).append("|").append(parser.help()).append("\n");
        break;
      case Entry::type:
        out.append("T ").append(parser.family()).append("|").append(std::to_string(parser.type())).append("\n");
        break;
      case Entry::unit:
        out.append("U ").append(parser.family()).append("|").append(parser.unit()).append("\n");
        break;
      case Entry::end:
        return out;
      case Entry::invalid:
        return out + "error: " + parser.error().message();
    }
  }
}

TEST(OpenMetricsParser, ReadsAPage) {
  EXPECT_EQ(read("# HELP go_seconds A \\\"summary\\\".\n# TYPE go_seconds summary\n# UNIT go_seconds seconds\n"
                 "go_seconds{quantile=\"0\"} 4.9351e-05\ngo_seconds{quantile=\"1\",} 8 1520879607.789\n# EOF\n"),
            "H go_seconds|A \\\"summary\\\".\nT go_seconds|4\nU go_seconds|seconds\n"
            "go_seconds,quantile=0 4.9351e-05\ngo_seconds,quantile=1 8 @1520879607789\n");
  EXPECT_EQ(read("# TYPE a unknown\n# HELP a \na -Inf\n{\"a.b\",c=\"d\"} 1\n# EOF"), "T a|0\nH a|\na -Inf\na.b,c=d 1\n");
  EXPECT_EQ(read("# TYPE \"x.y\" gaugehistogram\n# TYPE i info\n# TYPE s stateset\n# EOF\n"), "T x.y|5\nT i|6\nT s|7\n");
  EXPECT_EQ(read("# EOF\n"), "");
  EXPECT_EQ(read("# EOF"), "");
}

TEST(OpenMetricsParser, ReadsExemplars) {
  EXPECT_EQ(read("a_bucket{le=\"10\"} 17 # {trace_id=\"oHg5SJYRHA0\",x=\"\\n\"} 9.8 1520879607.789\n"
                 "a_total 17 1.5 # {} -1\n# EOF\n"),
            "a_bucket,le=10 17 #,trace_id=oHg5SJYRHA0,x=\n 9.8 @1520879607789\na_total 17 @1500 # -1\n");
}

TEST(OpenMetricsParser, RefusesWhatIsNotExactlySo) {
  for (const std::string_view bad : {"",
                                     "a 1",
                                     "a 1\n",
                                     "\n# EOF\n",
                                     " a 1\n# EOF\n",
                                     "a  1\n# EOF\n",
                                     "a\t1\n# EOF\n",
                                     "a 1 \n# EOF\n",
                                     "a 1\r\n# EOF\n",
                                     "a\n# EOF\n",
                                     "a true\n# EOF\n",
                                     "a 1 2 3\n# EOF\n",
                                     "a 1 NaN\n# EOF\n",
                                     "a 1 -Inf\n# EOF\n",
                                     "a 1 1e300\n# EOF\n",
                                     "a{} 1\n#EOF\n",
                                     "a {} 1\n# EOF\n",
                                     "a{,} 1\n# EOF\n",
                                     "a{,b=\"c\"} 1\n# EOF\n",
                                     "a{b=\"c\",,} 1\n# EOF\n",
                                     "a{b=\"c\" } 1\n# EOF\n",
                                     "a{b=\"c\"d=\"e\"} 1\n# EOF\n",
                                     "a{b='c'} 1\n# EOF\n",
                                     "a{b=\"c\n\"} 1\n# EOF\n",
                                     "# comment\n# EOF\n",
                                     "#\n# EOF\n",
                                     "# TYPE a untyped\n# EOF\n",
                                     "# TYPE a\n# EOF\n",
                                     "# TYPE a gauge \n# EOF\n",
                                     "# TYPE a{b=\"c\"} gauge\n# EOF\n",
                                     "# UNIT a_seconds second\n# EOF\n",
                                     "# UNIT seconds seconds\n# EOF\n",
                                     "# UNIT aseconds seconds\n# EOF\n",
                                     "# HELP a \xff\n# EOF\n",
                                     "# EOF\n\n",
                                     "# EOF\na 1\n",
                                     "# EOF \n",
                                     "a 1 # {b=\"c\"}\n# EOF\n",
                                     "a 1 # {b=\"c\",b=\"d\"} 1\n# EOF\n",
                                     "a 1 # {b} 1\n# EOF\n",
                                     "a 1 # {\"b\"} 1\n# EOF\n",
                                     "a 1 # b 1\n# EOF\n",
                                     "a 1 #{} 1\n# EOF\n",
                                     "a 1 # {} 1 2 3\n# EOF\n"}) {
    EXPECT_NE(read(bad).find("error: line "), std::string::npos) << bad;
  }
}

TEST(OpenMetricsParser, SaysWhereAndWhat) {
  EXPECT_EQ(read("a 1\nb{c=\"d\" 1\n# EOF\n"), "a 1\nerror: line 2: expected a metric, got \"b{c=\"d\" 1\"");
  EXPECT_EQ(read("a 1\n"), "a 1\nerror: line 2: data does not end with # EOF");
  EXPECT_EQ(read("# EOF\nx 1\n"), "error: line 1: unexpected data after # EOF");
  EXPECT_EQ(read("# UNIT a_s seconds\n# EOF\n"), "error: line 1: unit \"seconds\" not a suffix of metric \"a_s\"");
}

TEST(OpenMetricsParser, HasLimits) {
  EXPECT_EQ(read("a 1\nb 1\n# EOF\n", {.samples = 1}), "a 1\nerror: line 2: more than 1 samples");
  EXPECT_EQ(read("a{b=\"cccc\"} 1\n# EOF\n", {.line_bytes = 10}), "error: line 1: longer than 10 bytes");
}

}  // namespace
}  // namespace tarsier::exposition
