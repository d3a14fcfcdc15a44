// Classic histograms as native ones, whatever stands around them.
#include "plugins/lib/exposition/custom_buckets_parser.hpp"

#include <gtest/gtest.h>

#include "plugins/lib/exposition/number.hpp"
#include "plugins/lib/exposition/open_metrics_parser.hpp"

namespace tarsier::exposition {
namespace {

std::string numbers(const std::vector<double>& values) {
  std::string out;
  for (const double value : values) append_number(out.append(out.empty() ? "" : ","), value);
  return out;
}

std::string text_of(const NativeHistogram& histogram) {
  std::string out = histogram.is_float ? "float " : "";
  append_number(out, histogram.count);
  out.append(" in ");
  append_number(out, histogram.sum);
  out.append(" le ").append(numbers(histogram.custom_bounds)).append(" spans ");
  for (const BucketSpan& span : histogram.positive_spans)
    out.append("+").append(std::to_string(span.offset)).append("*").append(std::to_string(span.length));
  return out.append(" have ").append(numbers(histogram.positive_buckets));
}

/// One line an entry.
template <class Parser>
std::string walk(Parser parser) {
  std::string out;
  for (;;) {
    switch (parser.next()) {
      case Entry::sample:
        out.append(parser.series()).append(" ");
        if (const NativeHistogram* histogram = parser.histogram()) {
          out.append(text_of(*histogram));
        } else {
          append_number(out, parser.value());
        }
        if (parser.has_timestamp()) out.append(" @").append(std::to_string(parser.timestamp_ms()));
        for (const auto& exemplar : parser.exemplars()) append_number(out.append(" # "), exemplar.value);
        out.append("\n");
        break;
      case Entry::type:
        out.append("TYPE ").append(parser.family()).append("\n");
        break;
      case Entry::help:
      case Entry::unit:
        out.append("about ").append(parser.family()).append("\n");
        break;
      case Entry::end:
        return out;
      case Entry::invalid:
        return out.append("invalid: ").append(parser.error().message());
    }
  }
}
std::string of_text(std::string_view page, bool keep = false) { return walk(CustomBucketsParser(TextParser(page), keep)); }

TEST(CustomBucketsParser, GivesAHistogramWhereItsLinesEnd) {
  EXPECT_EQ(of_text("# TYPE h histogram\n"
                    "h_bucket{z=\"1\",a=\"2\",le=\"0.5\"} 1\nh_bucket{z=\"1\",a=\"2\",le=\"1\"} 1\n"
                    "h_bucket{z=\"1\",a=\"2\",le=\"+Inf\"} 4\nh_sum{z=\"1\",a=\"2\"} 7.5\nh_count{z=\"1\",a=\"2\"} 4\n"
                    "h_bucket{le=\"0.5\"} 0\nh_bucket{le=\"+Inf\"} 2\nh_sum 3\nh_count 2\n"
                    "# HELP g g\n# TYPE g gauge\ng 5\n"),
            "TYPE h\n"
            "h{a=\"2\",z=\"1\"} 4 in 7.5 le 0.5,1 spans +0*3 have 1,0,3\n"
            "h 2 in 3 le 0.5 spans +1*1 have 2\n"
            "about g\nTYPE g\ng 5\n");
}

TEST(CustomBucketsParser, TheLastOneStandsBeforeTheEnd) {
  EXPECT_EQ(of_text("# TYPE h histogram\nh_count 0\nh_sum 0\n"), "TYPE h\nh 0 in 0 le  spans  have \n");
}

TEST(CustomBucketsParser, KeepsTheLinesWhenToldTo) {
  EXPECT_EQ(of_text("# TYPE h histogram\nh_bucket{le=\"+Inf\"} 1\nh_sum 2\nh_count 1\nother 3\n", true),
            "TYPE h\nh_bucket{le=\"+Inf\"} 1\nh_sum 2\nh_count 1\nh 1 in 2 le  spans +0*1 have 1\nother 3\n");
}

TEST(CustomBucketsParser, TakesOnlyWhatIsAPartOfTheFamily) {
  const std::string_view page =
      "h_bucket{le=\"1\"} 1\n# TYPE h histogram\nh 1\nh_bucket 2\nh_bucket{le=\"x\"} 3\nh2_sum 4\nh_created 5\n# TYPE s "
      "summary\ns_sum 6\n";
  EXPECT_EQ(of_text(page),
            "h_bucket{le=\"1\"} 1\nTYPE h\nh 1\nh_bucket 2\nh_bucket{le=\"x\"} 3\nh2_sum 4\nh_created 5\nTYPE s\ns_sum 6\n");
}

TEST(CustomBucketsParser, LinesThatAreNoHistogramAreGone) {
  const std::string head = "# TYPE h histogram\n";
  for (const char* lines : {"h_bucket{le=\"1\"} 2\nh_bucket{le=\"2\"} 1\nh_count 2\n", "h_bucket{le=\"+Inf\"} 2\nh_count 3\n",
                            "h_bucket{le=\"1\"} -1\n", "h_count -1\n", "h_bucket{le=\"2\"} 1\nh_bucket{le=\"1\"} 2\n"})
    EXPECT_EQ(of_text(head + lines + "# TYPE g gauge\ng 1\n"), "TYPE h\nTYPE g\ng 1\n") << lines;
}

TEST(CustomBucketsParser, BoundsMayComeInAnyOrderAndTwice) {
  EXPECT_EQ(
      of_text("# TYPE h histogram\nh_bucket{le=\"+Inf\"} 3\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"2\"} 2\nh_bucket{le=\"1.0\"} 9\n"),
      "TYPE h\nh 3 in 0 le 1,2 spans +0*3 have 1,1,1\n");
}

TEST(CustomBucketsParser, CountsThatAreNoIntegersMakeAFloatHistogram) {
  EXPECT_EQ(of_text("# TYPE h histogram\nh_bucket{le=\"1\"} 0.5\nh_bucket{le=\"2\"} 0.5\nh_bucket{le=\"+Inf\"} 1\nh_count 1\n"),
            "TYPE h\nh float 1 in 0 le 1,2 spans +0*1+1*1 have 0.5,0.5\n");
}

TEST(CustomBucketsParser, FewEmptyBucketsDoNotPartASpan) {
  std::string page = "# TYPE h histogram\n";
  const int counts[] = {1, 1, 1, 2, 2, 2, 2, 3};
  for (int i = 0; i < 8; ++i) page += "h_bucket{le=\"" + std::to_string(i) + "\"} " + std::to_string(counts[i]) + "\n";
  EXPECT_EQ(of_text(page + "h_bucket{le=\"+Inf\"} 3\n"), "TYPE h\nh 3 in 0 le 0,1,2,3,4,5,6,7 spans +0*4+3*1 have 1,0,0,1,1\n");
}

TEST(CustomBucketsParser, HasExemplarsWithTimesAndTimestampsOfTheLines) {
  EXPECT_EQ(
      walk(CustomBucketsParser(OpenMetricsParser("# TYPE h histogram\n"
                                                 "h_bucket{le=\"1.0\"} 1 5 # {id=\"a\"} 0.5 4\n"
                                                 "h_bucket{le=\"+Inf\"} 2 5 # {id=\"b\"} 9\n"
                                                 "h_count 2 5\nh_sum 9.5 5\n# TYPE c counter\nc_total 1 # {id=\"c\"} 1\n# EOF\n"),
                               false)),
      "TYPE h\nh 2 in 9.5 le 1 spans +0*2 have 1,1 @5000 # 0.5\nTYPE c\nc_total 1 # 1\n");
}

TEST(CustomBucketsParser, BadLinesFailThePage) {
  EXPECT_NE(of_text("# TYPE h histogram\nh_sum{a=\"1\",a=\"2\"} 1\n").find("invalid: "), std::string::npos);
  EXPECT_NE(of_text("# TYPE h histogram\nh_sum 1\nbad line here\n").find("invalid: line 3"), std::string::npos);
}

TEST(CustomBucketsParser, MatchesWhatWasThereBefore) {
  CustomBucketsParser parser(TextParser("a 1\n# TYPE h histogram\nh_count{x=\"1\"} 1\n# TYPE b gauge\nb 2\n"), false);
  EXPECT_EQ(parser.next("a"), Entry::sample);
  EXPECT_TRUE(parser.matched());
  EXPECT_EQ(parser.next("h{x=\"1\"}"), Entry::type);
  EXPECT_EQ(parser.next("h{x=\"1\"}"), Entry::sample);
  EXPECT_TRUE(parser.matched());
  EXPECT_EQ(parser.next("b"), Entry::type);
  EXPECT_EQ(parser.next("c"), Entry::sample);
  EXPECT_FALSE(parser.matched());
}

}  // namespace
}  // namespace tarsier::exposition
