// From pages to batches: labels, staleness, limits, repeated series, metadata, churn.
#include "plugins/collect/scrape/series_cache.hpp"

#include <algorithm>
#include <bit>
#include <gtest/gtest.h>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include "plugins/lib/exposition/number.hpp"
#include "plugins/lib/protobuf_wire/wire_writer.hpp"
#include "tarsier/batch.hpp"

namespace tarsier::scrape {
namespace {

constexpr int64_t kMs = 1'000'000;

/// The batch that the cache holds, one sorted line a sample; with what describes the series when `metadata`.
std::string text(SeriesCache& cache, bool metadata = false) {
  std::vector<uint64_t> words;
  const uint64_t size = cache.builder().finish(0, [&](batch::Assembly& assembly) {
    const uint64_t bytes = assembly.size();
    words.assign((bytes + 7) / 8, 0);
    assembly.write(reinterpret_cast<uint8_t*>(words.data()));
    return bytes;
  });
  const std::span<const uint8_t> data(reinterpret_cast<const uint8_t*>(words.data()), static_cast<size_t>(size));
  if (auto verified = batch::verify(data); !verified) return verified.error().message();
  const batch::SamplesView samples{batch::View(data)};
  std::vector<std::string> lines;
  for (uint32_t series = 0; series < samples.series_count(); ++series) {
    std::string line;
    for (uint32_t i = 0; i < samples.labels().size(series); ++i)
      line.append(line.empty() ? "" : ",")
          .append(samples.labels().name(series, i))
          .append("=")
          .append(samples.labels().value(series, i));
    const double value = samples.values(series)[0];
    line += ' ';
    if (std::bit_cast<uint64_t>(value) == TARSIER_STALE_NAN_BITS)
      line += "stale";
    else
      exposition::append_number(line, value);
    line.append(" @").append(std::to_string(samples.times(series)[0] / kMs));
    if (metadata && samples.has_metadata())
      line.append(" type ").append(std::to_string(samples.type(series))).append(" help ").append(samples.help(series));
    if (metadata && samples.has_metadata() && samples.name_tail(series) != 0)
      line.append(" of ").append(std::to_string(samples.name_tail(series)));
    lines.push_back(std::move(line));
  }
  std::sort(lines.begin(), lines.end());
  std::string out;
  for (const std::string& line : lines) out.append(line).append("\n");
  return out;
}

CacheOptions with_labels(LabelSet labels) {
  CacheOptions options;
  options.target_labels = std::move(labels);
  return options;
}

CacheOptions with_rules(const std::vector<relabel::RuleText>& rules, LabelSet labels = {}) {
  CacheOptions options = with_labels(std::move(labels));
  for (const relabel::RuleText& rule : rules) options.rules.push_back(*relabel::Rule::compile(rule));
  return options;
}

TEST(SeriesCache, GivesSeriesTheTargetsLabels) {
  SeriesCache cache(with_labels({{"job", "api"}, {"instance", "a:1"}}));
  ASSERT_TRUE(cache.write_page("up_time 5\nx{z=\"1\",b=\"2\"} 6\n", 10 * kMs));
  EXPECT_EQ(text(cache), "__name__=up_time,instance=a:1,job=api 5 @10\n__name__=x,b=2,instance=a:1,job=api,z=1 6 @10\n");
  EXPECT_EQ(cache.counts().scraped, 2U);
  EXPECT_EQ(cache.counts().added, 2U);
  EXPECT_EQ(cache.counts().new_series, 2U);
}

constexpr std::string_view kClassic =
    "# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 3\nh_sum 9\nh_count 3\n# TYPE g gauge\ng 1\n";

TEST(SeriesCache, ClassicHistogramsBecomeNativeOnes) {
  CacheOptions options;
  options.custom_buckets = true;
  SeriesCache cache(options);
  for (int64_t scrape = 1; scrape < 3; ++scrape) {
    ASSERT_TRUE(cache.write_page(kClassic, scrape * kMs));
    const std::string at = std::to_string(scrape);
    EXPECT_EQ(text(cache), "__name__=g 1 @" + at + "\n__name__=h 9 @" + at + "\n");
    EXPECT_EQ(cache.counts().scraped, 2U);
  }
  ASSERT_TRUE(cache.write_page("", 3 * kMs));
  EXPECT_EQ(text(cache), "__name__=g stale @3\n__name__=h stale @3\n");
  options.keep_classic = true;
  SeriesCache both(options);
  ASSERT_TRUE(both.write_page(kClassic, kMs));
  EXPECT_EQ(text(both),
            "__name__=g 1 @1\n__name__=h 9 @1\n__name__=h_bucket,le=+Inf 3 @1\n__name__=h_bucket,le=1.0 1 @1\n"
            "__name__=h_count 3 @1\n__name__=h_sum 9 @1\n");
}

TEST(SeriesCache, APageFailsForAHistogramWithTooManyBuckets) {
  CacheOptions options;
  options.custom_buckets = true;
  options.histogram_limits.buckets = 1;
  SeriesCache cache(options);
  const auto written = cache.write_page(kClassic, kMs);
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().message(), "histogram bucket limit exceeded");
  EXPECT_EQ(cache.counts().scraped, 2U) << "all of it is counted";
}

TEST(SeriesCache, NamesInOtherLettersFailAPageThatMayNotHaveThem) {
  CacheOptions options = with_labels({{"job", "x"}});
  options.legacy_names = true;
  SeriesCache cache(options);
  EXPECT_TRUE(cache.write_page("a:b{c=\"1\"} 1\n", kMs));
  const auto error = [&](std::string_view page) {
    const auto written = cache.write_page(page, kMs);
    return written ? std::string() : written.error().message();
  };
  EXPECT_EQ(error("{\"a.b\",c=\"1\"} 1\n"), "invalid metric name or label names: {__name__=\"a.b\", c=\"1\", job=\"x\"}");
  EXPECT_EQ(error("a{\"c.d\"=\"1\"} 1\n"), "invalid metric name or label names: {__name__=\"a\", \"c.d\"=\"1\", job=\"x\"}");
  options.rules.push_back(
      *relabel::Rule::compile({.source_labels = {"__name__"}, .target_label = "__name__", .replacement = "fine"}));
  SeriesCache renaming(options);
  EXPECT_TRUE(renaming.write_page("{\"a.b\"} 1\n", kMs)) << "rules come first";
}

TEST(SeriesCache, RenamesClashingLabelsUnlessTheyAreHonoured) {
  const std::string_view page = "a{job=\"x\",exported_job=\"y\",instance=\"\"} 1\n";
  SeriesCache renaming(with_labels({{"job", "api"}, {"instance", "i"}}));
  ASSERT_TRUE(renaming.write_page(page, 0));
  EXPECT_EQ(text(renaming), "__name__=a,exported_exported_job=x,exported_job=y,instance=i,job=api 1 @0\n");
  CacheOptions options = with_labels({{"job", "api"}, {"instance", "i"}});
  options.honor_labels = true;
  SeriesCache honouring(std::move(options));
  ASSERT_TRUE(honouring.write_page(page, 0));
  EXPECT_EQ(text(honouring), "__name__=a,exported_job=y,job=x 1 @0\n");
}

TEST(SeriesCache, MarksVanishedSeriesStaleOnce) {
  SeriesCache cache(with_labels({}));
  ASSERT_TRUE(cache.write_page("a 1\nb 2\nc 3\n", 1 * kMs));
  ASSERT_TRUE(cache.write_page("a 4\nc 5\n", 2 * kMs));
  EXPECT_EQ(text(cache), "__name__=a 4 @2\n__name__=b stale @2\n__name__=c 5 @2\n");
  EXPECT_EQ(cache.counts().new_series, 0U);
  ASSERT_TRUE(cache.write_page("a 6\nc 7\n", 3 * kMs));
  EXPECT_EQ(text(cache), "__name__=a 6 @3\n__name__=c 7 @3\n");
  ASSERT_TRUE(cache.write_page("b 8\n", 4 * kMs));
  EXPECT_EQ(text(cache), "__name__=a stale @4\n__name__=b 8 @4\n__name__=c stale @4\n");
  EXPECT_EQ(cache.counts().new_series, 1U);
}

TEST(SeriesCache, MarksAllStaleWhenAScrapeFails) {
  SeriesCache cache(with_labels({}));
  ASSERT_TRUE(cache.write_page("a 1\nb 2\n", 1 * kMs));
  const auto failed = cache.write_page("a 3\nnew 1\nb x\n", 2 * kMs);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().message(), "line 3: value \"x\" is not a number");
  EXPECT_EQ(text(cache), "__name__=a stale @2\n__name__=b stale @2\n");
  EXPECT_EQ(cache.counts().scraped, 2U);
  cache.write_failure(3 * kMs);
  EXPECT_EQ(text(cache), "");
  ASSERT_TRUE(cache.write_page("a 3\nb 4\n", 4 * kMs));
  EXPECT_EQ(text(cache), "__name__=a 3 @4\n__name__=b 4 @4\n");
}

TEST(SeriesCache, KeepsTheFirstOfARepeatedSeries) {
  SeriesCache cache(with_labels({}));
  for (int64_t time = 1; time <= 2; ++time) {
    ASSERT_TRUE(cache.write_page("a{x=\"1\",y=\"2\"} 1\na{y=\"2\", x=\"1\"} 2\na{x=\"1\",y=\"2\"} 3\n", time * kMs));
    EXPECT_EQ(text(cache), "__name__=a,x=1,y=2 1 @" + std::to_string(time) + "\n");
    EXPECT_EQ(cache.counts().scraped, 3U);
    EXPECT_EQ(cache.counts().kept, 3U);
    EXPECT_EQ(cache.counts().added, 1U);
    EXPECT_EQ(cache.counts().repeated, 2U);
  }
}

TEST(SeriesCache, UsesTimestampsOfThePageOnlyWhenHonoured) {
  SeriesCache cache(with_labels({}));
  ASSERT_TRUE(cache.write_page("a 1 5\nb 2\n", 9 * kMs));
  EXPECT_EQ(text(cache), "__name__=a 1 @5\n__name__=b 2 @9\n");
  ASSERT_TRUE(cache.write_page("", 10 * kMs));
  EXPECT_EQ(text(cache), "__name__=b stale @10\n");  // a decides itself when it ends

  CacheOptions options = with_labels({});
  options.track_timestamps_staleness = true;
  SeriesCache tracking(options);
  ASSERT_TRUE(tracking.write_page("a 1 5\n", 9 * kMs));
  ASSERT_TRUE(tracking.write_page("", 10 * kMs));
  EXPECT_EQ(text(tracking), "__name__=a stale @10\n");

  options.honor_timestamps = false;
  SeriesCache ignoring(options);
  ASSERT_TRUE(ignoring.write_page("a 1 5\n", 9 * kMs));
  EXPECT_EQ(text(ignoring), "__name__=a 1 @9\n");
}

TEST(SeriesCache, FailsAPageThatPassesALimit) {
  const auto outcome = [](exposition::Limits limits, std::string_view page) {
    CacheOptions options = with_labels({{"job", "j"}});
    options.limits = limits;
    SeriesCache cache(std::move(options));
    auto result = cache.write_page(page, 0);
    return result ? std::string("ok") : result.error().message();
  };
  EXPECT_EQ(outcome({.samples = 2}, "a 1\nb 2\na 3\n"), "ok");
  EXPECT_EQ(outcome({.samples = 1}, "a 1\nb 2\n"), "sample limit exceeded: more than 1");
  EXPECT_EQ(outcome({.labels = 3}, "a{x=\"1\"} 1\n"), "ok");
  EXPECT_EQ(outcome({.labels = 2}, "a{x=\"1\"} 1\n"), "label_limit exceeded (metric: a, number of labels: 3, limit: 2)");
  EXPECT_EQ(outcome({.label_name_bytes = 8}, "a{ninechars=\"1\"} 1\n"),
            "label_name_length_limit exceeded (metric: a, label name: ninechars, limit: 8)");
  EXPECT_EQ(outcome({.label_value_bytes = 3}, "a{x=\"four\"} 1\n"),
            "label_value_length_limit exceeded (metric: a, label name: x, limit: 3)");
}

TEST(SeriesCache, CountsAllLinesOfAPageThatPassesTheLimitAndRemembersNone) {
  CacheOptions options = with_rules({{.source_labels = {"__name__"}, .regex = "dropped.*", .action = "drop"}});
  options.limits.samples = 2;
  SeriesCache cache(options);
  std::string page = "dropped 1\na 1\nb 1\n";
  ASSERT_TRUE(cache.write_page(page, 0));
  for (int i = 0; i < 1000; ++i) page += "c" + std::to_string(i) + " 1\n";
  EXPECT_FALSE(cache.write_page(page + "dropped 1\ndropped_too 1\n", 0));
  EXPECT_EQ(cache.counts().scraped, 1005U);
  EXPECT_EQ(cache.counts().kept, 1002U);
  EXPECT_LE(cache.series_count(), 3U);
  EXPECT_EQ(cache.write_page(page + "x y\n", 0).error().message(), "line 1004: value \"y\" is not a number");
}

TEST(SeriesCache, AppliesRulesToAllLabelsOnceForEachSeries) {
  SeriesCache cache(with_rules(
      {{.source_labels = {"__name__"}, .regex = "go_.*", .action = "drop"},
       {.source_labels = {"__name__", "job"}, .regex = "old_(.*);(.*)", .target_label = "__name__", .replacement = "${2}_$1"},
       {.regex = "pod|instance", .action = "labeldrop"}},
      {{"job", "api"}, {"instance", "i"}}));
  for (int64_t time = 1; time <= 2; ++time) {
    ASSERT_TRUE(cache.write_page("go_gc 1\nold_x{pod=\"p\",job=\"own\"} 2\ny 3\n", time * kMs));
    const std::string at = " @" + std::to_string(time) + "\n";
    EXPECT_EQ(text(cache), "__name__=api_x,exported_job=own,job=api 2" + at + "__name__=y,job=api 3" + at);
    EXPECT_EQ(cache.counts().scraped, 3U);
    EXPECT_EQ(cache.counts().kept, 2U);
    EXPECT_EQ(cache.counts().added, 2U);
    EXPECT_EQ(cache.counts().new_series, time == 1 ? 2U : 0U);
  }
  ASSERT_TRUE(cache.write_page("go_gc 1\n", 3 * kMs));
  EXPECT_EQ(text(cache), "__name__=api_x,exported_job=own,job=api stale @3\n__name__=y,job=api stale @3\n");
  cache.write_report("up", 4 * kMs, 1);
  EXPECT_NE(text(cache).find("__name__=up,instance=i,job=api 1 @4\n"), std::string::npos);
}

TEST(SeriesCache, CountsSeriesThatRulesMakeTheSame) {
  SeriesCache cache(with_rules({{.regex = "id", .action = "labeldrop"}}));
  for (int64_t time = 1; time <= 2; ++time) {
    ASSERT_TRUE(cache.write_page("a{id=\"1\"} 1\na{id=\"2\"} 2\nb 3\n", time * kMs));
    EXPECT_EQ(cache.counts().kept, 3U);
    EXPECT_EQ(cache.counts().added, 2U);
    EXPECT_EQ(cache.counts().repeated, 1U);
  }
  EXPECT_EQ(text(cache), "__name__=a 1 @2\n__name__=b 3 @2\n");
}

TEST(SeriesCache, LooksAtLimitsAfterTheRules) {
  const auto outcome = [](exposition::Limits limits, const std::vector<relabel::RuleText>& rules) {
    CacheOptions options = with_rules(rules);
    options.limits = limits;
    SeriesCache cache(std::move(options));
    auto result = cache.write_page("a{long_name=\"x\"} 1\nb 1\n", 0);
    return result ? std::string("ok") : result.error().message();
  };
  EXPECT_EQ(outcome({.samples = 1}, {{.source_labels = {"__name__"}, .regex = "a", .action = "drop"}}), "ok");
  EXPECT_EQ(outcome({.label_name_bytes = 8}, {{.regex = "long_name", .action = "labeldrop"}}), "ok");
  EXPECT_EQ(outcome({.label_value_bytes = 3}, {{.target_label = "__name__", .replacement = "renamed"}}),
            "label_value_length_limit exceeded (metric: renamed, label name: __name__, limit: 3)");
}

TEST(SeriesCache, FailsAPageWhoseSeriesRulesMakeNone) {
  const auto outcome = [](const relabel::RuleText& rule) {
    SeriesCache cache(with_rules({rule}, {{"job", "j"}}));
    auto result = cache.write_page("a{b=\"x\"} 1\n", 0);
    return result ? text(cache) : result.error().message();
  };
  EXPECT_EQ(outcome({.regex = "__name__", .action = "labeldrop"}), "missing metric name (__name__ label)");
  EXPECT_EQ(outcome({.regex = "b", .replacement = "$1", .action = "labelmap"}), "invalid metric name or label names: \"\"");
  EXPECT_EQ(outcome({.regex = "none", .action = "labelkeep"}), "");  // without any label it is dropped
}

TEST(SeriesCache, MarksWhatItInheritedAndHasNoMoreStale) {
  SeriesCache before(with_labels({{"job", "j"}}));
  ASSERT_TRUE(before.write_page("a 1\nb 2\nc 3\n", 1 * kMs));
  ASSERT_TRUE(before.write_page("a 1\nb 2\n", 2 * kMs));
  SeriesCache after(
      with_rules({{.source_labels = {"__name__"}, .regex = "b", .target_label = "__name__", .replacement = "d"}}, {{"job", "j"}}));
  after.inherit(before);
  ASSERT_TRUE(after.write_page("a 1\nb 2\n", 3 * kMs));
  EXPECT_EQ(text(after), "__name__=a,job=j 1 @3\n__name__=b,job=j stale @3\n__name__=d,job=j 2 @3\n");
  ASSERT_TRUE(after.write_page("a 1\nb 2\n", 4 * kMs));
  EXPECT_EQ(text(after), "__name__=a,job=j 1 @4\n__name__=d,job=j 2 @4\n");
}

TEST(SeriesCache, MarksWhatItInheritedStaleWhenItsFirstScrapeFails) {
  SeriesCache before(with_labels({})), after(with_labels({})), last(with_labels({}));
  ASSERT_TRUE(before.write_page("a 1\n", 1 * kMs));
  after.inherit(before);
  last.inherit(after);  // replaced again before it was scraped
  last.write_failure(2 * kMs);
  EXPECT_EQ(text(last), "__name__=a stale @2\n");
}

TEST(SeriesCache, InheritsAfterItsFirstPage) {
  SeriesCache before(with_labels({})), after(with_labels({}));
  ASSERT_TRUE(before.write_page("a 1\nb 1\n", 1 * kMs));
  std::string churn;
  for (int i = 0; i < 600; ++i) churn += "x" + std::to_string(i) + " 1\n";
  ASSERT_TRUE(after.write_page("a 1\n" + churn, 2 * kMs));
  ASSERT_TRUE(after.write_page("a 1\n", 3 * kMs));  // half of what it knows is history
  after.inherit(before);
  ASSERT_TRUE(after.write_page("a 1\n", 4 * kMs));
  EXPECT_EQ(text(after), "__name__=a 1 @4\n__name__=b stale @4\n");
}

TEST(SeriesCache, DescribesNewSeriesAndChangedFamilies) {
  SeriesCache cache(with_labels({}));
  const std::string_view page = "# HELP h Of\\\\it\n# TYPE h histogram\nh_bucket{le=\"+Inf\"} 1\nh_count 1\nother 2\n";
  ASSERT_TRUE(cache.write_page(page, 0));
  EXPECT_EQ(text(cache, true),
            "__name__=h_bucket,le=+Inf 1 @0 type 3 help Of\\it\n__name__=h_count 1 @0 type 3 help Of\\it\n__name__=other 2 @0 type "
            "0 help \n");
  ASSERT_TRUE(cache.write_page(page, 0));
  EXPECT_EQ(text(cache, true), text(cache, false));
  const std::string_view changed = "# TYPE h summary\nh_count 1\n";
  ASSERT_TRUE(cache.write_page(changed, 0));
  ASSERT_TRUE(cache.write_page(changed, 0));
  EXPECT_EQ(text(cache, true), "__name__=h_count 1 @0 type 4 help Of\\it\n");
  ASSERT_EQ(cache.metadata().size(), 1U);
  EXPECT_EQ(cache.metadata()[0].family, "h");
}

TEST(SeriesCache, FindsSeriesWhenThePageIsReordered) {
  SeriesCache cache(with_labels({}));
  ASSERT_TRUE(cache.write_page("a 1\nb 2\nc 3\nd 4\n", 0));
  ASSERT_TRUE(cache.write_page("c 3\nd 4\ne 5\na 1\nb 2\n", 0));
  EXPECT_EQ(text(cache), "__name__=a 1 @0\n__name__=b 2 @0\n__name__=c 3 @0\n__name__=d 4 @0\n__name__=e 5 @0\n");
  EXPECT_EQ(cache.counts().new_series, 1U);
}

TEST(SeriesCache, StaysBoundedWhenSeriesChurn) {
  SeriesCache cache(with_labels({{"job", "j"}}));
  for (int round = 0; round < 50; ++round) {
    std::string page;
    for (int i = 0; i < 200; ++i) page += "a{id=\"" + std::to_string(round) + "-" + std::to_string(i) + "\"} 1\n";
    ASSERT_TRUE(cache.write_page(page, round * kMs));
    EXPECT_EQ(cache.counts().new_series, 200U);
    const std::string batch = text(cache);
    EXPECT_EQ(std::count(batch.begin(), batch.end(), '\n'), round == 0 ? 200 : 400) << round;  // new ones and markers
    EXPECT_LE(cache.series_count(), 800U);
  }
}

TEST(SeriesCache, AddsReportsWithTheTargetsLabels) {
  SeriesCache cache(with_labels({{"job", "j"}}));
  cache.write_failure(5 * kMs);
  cache.write_report("up", 5 * kMs, 0);
  EXPECT_EQ(text(cache), "__name__=up,job=j 0 @5\n");
}

TEST(SeriesCache, OpenMetricsHaveUnitsAndFamiliesWithoutSuffixes) {
  SeriesCache cache(with_labels({}));
  ASSERT_TRUE(
      cache.write_page("# TYPE a_seconds counter\n# UNIT a_seconds seconds\n# HELP a_seconds A \\\"b\\\".\na_seconds_total 1 2.5\n"
                       "# TYPE b info\nb_info{c=\"d\"} 1\n# EOF\n",
                       9 * kMs, Format::open_metrics));
  EXPECT_EQ(text(cache, true),
            "__name__=a_seconds_total 1 @2500 type 1 help A \"b\". of 6\n__name__=b_info,c=d 1 @9 type 6 help  of 5\n");
  EXPECT_EQ(cache.metadata().front().unit, "seconds");
}

TEST(SeriesCache, ExemplarsWithoutATimeHaveThatOfTheSample) {
  SeriesCache cache(with_labels({}));
  ASSERT_TRUE(cache.write_page("a_total 1 # {t=\"1\"} 0.5\nb_total 1 # {} 2 3.5\n# EOF\n", 9 * kMs, Format::open_metrics));
  std::vector<uint64_t> words;
  cache.builder().finish(0, [&](batch::Assembly& assembly) {
    words.assign((assembly.size() + 7) / 8, 0);
    assembly.write(reinterpret_cast<uint8_t*>(words.data()));
    return 0;
  });
  const batch::View view({reinterpret_cast<const uint8_t*>(words.data()), words.size() * 8});
  const auto times = view.column<int64_t>(TARSIER_COL_EXEMPLAR_TIMES);
  const auto values = view.column<double>(TARSIER_COL_EXEMPLAR_VALUES);
  ASSERT_EQ(times.size(), 2U);
  EXPECT_EQ(times[0], 9 * kMs);
  EXPECT_EQ(times[1], 3500 * kMs);
  EXPECT_EQ(values[0], 0.5);
  EXPECT_EQ(values[1], 2);
}

TEST(SeriesCache, TimesBeyondWhatThereIsAreTheLastThereIs) {
  SeriesCache cache(with_labels({}));
  ASSERT_TRUE(cache.write_page("a 1 9223372036854775807\nb 1 -9223372036854775808\n", 9 * kMs));
  EXPECT_EQ(text(cache), "__name__=a 1 @9223372036854\n__name__=b 1 @-9223372036854\n");
}

TEST(SeriesCache, BoundsAreWrittenInOneWayInHistogramsAndSummaries) {
  SeriesCache cache(with_labels({}));
  ASSERT_TRUE(
      cache.write_page("a{le=\"1\"} 1\n# TYPE h histogram\nh_bucket{le=\"1\",quantile=\"1\"} 1\nh_bucket{le=\"+Inf\"} 2\n"
                       "# TYPE s summary\ns{quantile=\"0.50\",le=\"5\"} 3\n# TYPE g gauge\ng{le=\"1\",quantile=\"1\"} 4\n",
                       1 * kMs));
  EXPECT_EQ(text(cache),
            "__name__=a,le=1 1 @1\n__name__=g,le=1,quantile=1 4 @1\n__name__=h_bucket,le=+Inf 2 @1\n"
            "__name__=h_bucket,le=1.0,quantile=1 1 @1\n__name__=s,le=5,quantile=0.5 3 @1\n");
}

TEST(SeriesCache, TakesNativeHistogramsFromProtobuf) {
  protobuf::WireWriter histogram, metric, family;
  histogram.varint(1, 3)
      .float64(2, 1.5)
      .message(12, protobuf::WireWriter().sint(1, 0).varint(2, 1))
      .text(13, std::string_view("\x06", 1));
  histogram.message(15, protobuf::WireWriter().varint(1, 7));
  metric.message(7, histogram);
  family.text(1, "h").varint(3, 4).message(4, metric);
  std::string page(1, static_cast<char>(family.bytes().size()));
  page += family.text();
  CacheOptions options = with_labels({});
  options.histograms = exposition::HistogramForms::native;
  SeriesCache cache(options);
  for (int64_t time = 1; time < 3; ++time) {
    ASSERT_TRUE(cache.write_page(page, time * kMs, Format::protobuf));
    EXPECT_EQ(cache.series_count(), 1U);
  }
  std::vector<uint64_t> words;
  cache.builder().finish(0, [&](batch::Assembly& assembly) {
    words.assign((assembly.size() + 7) / 8, 0);
    assembly.write(reinterpret_cast<uint8_t*>(words.data()));
    return 0;
  });
  const batch::View view({reinterpret_cast<const uint8_t*>(words.data()), words.size() * 8});
  NativeHistogram read;
  ASSERT_TRUE(decode_histogram(view.column<uint8_t>(TARSIER_COL_HISTOGRAM_BYTES), read));
  EXPECT_EQ(read.count, 3);
  EXPECT_EQ(read.sum, 1.5);
  EXPECT_EQ(read.positive_buckets, std::vector<double>{3});
  EXPECT_EQ(view.column<int64_t>(TARSIER_COL_SAMPLE_STARTS)[0], 7000 * kMs);
}

TEST(SeriesCache, RefusesAHistogramThatCannotBe) {
  protobuf::WireWriter histogram, metric, family;
  histogram.varint(1, 3)
      .sint(5, 77)
      .message(12, protobuf::WireWriter().sint(1, 0).varint(2, 1))
      .text(13, std::string_view("\x06", 1));
  metric.message(7, histogram);
  family.text(1, "h").varint(3, 4).message(4, metric);
  std::string page(1, static_cast<char>(family.bytes().size()));
  page += family.text();
  CacheOptions options = with_labels({});
  options.histograms = exposition::HistogramForms::native;
  SeriesCache cache(options);
  const auto written = cache.write_page(page, kMs, Format::protobuf);
  ASSERT_FALSE(written);
  EXPECT_TRUE(written.error().message().starts_with("h: ")) << written.error().message();
  EXPECT_EQ(text(cache), "");
}

TEST(SeriesCache, PointsWithTimesOfTheirOwnAreAllStored) {
  SeriesCache cache(with_labels({}));
  const std::string page = "a 1 5\na 2 7\na 3 7\na 4 6\nb 1\nb 2\n";
  ASSERT_TRUE(cache.write_page(page, 9 * kMs));
  EXPECT_EQ(text(cache), "__name__=a 1 @5\n__name__=a 2 @7\n__name__=b 1 @9\n");
  EXPECT_EQ(cache.counts().repeated, 3U);
  CacheOptions options = with_labels({});
  options.honor_timestamps = false;
  SeriesCache ignoring(options);
  ASSERT_TRUE(ignoring.write_page(page, 9 * kMs));
  EXPECT_EQ(text(ignoring), "__name__=a 1 @9\n__name__=b 1 @9\n");
}

TEST(SeriesCache, FamiliesThatAreGoneAreForgotten) {
  SeriesCache cache(with_labels({}));
  for (int64_t scrape = 1; scrape < 60; ++scrape) {
    const std::string name = "family_" + std::to_string(scrape);
    ASSERT_TRUE(cache.write_page("# TYPE stays gauge\nstays 1\n# TYPE " + name + " gauge\n", scrape * kMs));
    EXPECT_LE(cache.metadata().size(), 22U);
  }
  EXPECT_EQ(cache.metadata().front().family, "stays");
}

TEST(SeriesCache, HelpThatChangesWithEachPageIsNotKept) {
  SeriesCache cache(with_labels({}));
  for (int64_t scrape = 1; scrape < 40; ++scrape) {
    ASSERT_TRUE(cache.write_page(
        "# HELP a " + std::string(1 << 18, static_cast<char>('a' + scrape % 26)) + "\n# TYPE a gauge\na 1\n", scrape * kMs));
    EXPECT_EQ(cache.series_count(), 1U);
  }
  EXPECT_LT(cache.builder().labels().symbol("new"), 30U) << "symbols of old pages are still there";
}

TEST(SeriesCache, TextsOfSeriesHaveALimit) {
  CacheOptions options = with_labels({});
  options.text_bytes = 100;
  SeriesCache cache(options);
  ASSERT_TRUE(cache.write_page("a{b=\"" + std::string(80, 'x') + "\"} 1\n", 1 * kMs));
  const auto refused = cache.write_page("a{b=\"" + std::string(80, 'x') + "\"} 1\na{b=\"yyyyyyyy\"} 1\n", 2 * kMs);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message(), "the texts of the series take more than 100 bytes");
}

TEST(SeriesCache, NamesTheSeriesWhoseLabelsAreWrong) {
  SeriesCache cache(with_labels({}));
  EXPECT_EQ(cache.write_page("a 1\nb{c=\"1\",c=\"2\"} 1\n", 1 * kMs).error().message(),
            "\"b{c=\"1\",c=\"2\"}\": label name \"c\" is not unique");
}

/// A page of text, or of the same with two blanks before each value: such a one is read line by line each time.
std::string page_of(const std::vector<std::pair<std::string, double>>& lines, bool regular) {
  std::string page = "# HELP a What a is.\n# TYPE a counter\n";
  for (const auto& [series, value] : lines) {
    if (series == "b") page += "# TYPE b gauge\n";
    page.append(series).append(regular ? " " : "  ");
    exposition::append_number(page, value);
    page += '\n';
  }
  return page;
}

TEST(SeriesCache, WritesAPageInWhichOnlyValuesChangedAsOneThatIsReadLineByLine) {
  CacheOptions options = with_rules({{.source_labels = {"x"}, .regex = "drop", .action = "drop"}}, {{"job", "api"}});
  SeriesCache repeating(options), reading(options);
  std::mt19937 random(7);
  std::vector<std::string> series = {"a{x=\"1\"}", "a{x=\"2\"}", "a{x=\"drop\"}", "a{x=\"1\"}", "b", "b{y=\"\\n\"}"};
  for (int64_t time = 1; time < 700; ++time) {  // past two full descriptions
    const auto what = random() % 16;
    if (what == 0) std::shuffle(series.begin(), series.end(), random);
    if (what == 1) series.push_back("c" + std::to_string(random() % 4));
    if (what == 2 && series.size() > 1) series.pop_back();
    if (what == 3) {
      repeating.write_failure(time * kMs);
      reading.write_failure(time * kMs);
    } else {
      std::vector<std::pair<std::string, double>> lines;
      for (const std::string& each : series) lines.emplace_back(each, random() % 5 == 0 ? 0.1 * double(random() % 100) : 7);
      const bool broken = what == 4;
      const std::string_view end = broken ? "a{ 1\n" : "";
      EXPECT_EQ(repeating.write_page(page_of(lines, true).append(end), time * kMs).ok(), !broken);
      EXPECT_EQ(reading.write_page(page_of(lines, false).append(end), time * kMs).ok(), !broken);
    }
    ASSERT_EQ(text(repeating, true), text(reading, true)) << time;
    const SeriesCache::Counts &ours = repeating.counts(), &theirs = reading.counts();
    ASSERT_EQ(std::tie(ours.scraped, ours.kept, ours.added, ours.repeated, ours.new_series),
              std::tie(theirs.scraped, theirs.kept, theirs.added, theirs.repeated, theirs.new_series))
        << time;
    ASSERT_EQ(repeating.metadata().size(), reading.metadata().size()) << time;
  }
}

TEST(SeriesCache, SeesWhatIsWrongInAPageThatBeginsLikeTheLastOne) {
  SeriesCache cache(with_labels({}));
  const std::string page = "a 1\nb 2\n";
  ASSERT_TRUE(cache.write_page(page, 1 * kMs));
  ASSERT_TRUE(cache.write_page("a 3\nb 4\n", 2 * kMs));
  for (const std::string wrong : {"a x\nb 2\n", "a 1\nb 2 x\n", "a \nb 2\n", "a 1\nb 2\nc", "a 1\nb"})
    EXPECT_FALSE(cache.write_page(wrong, 3 * kMs)) << wrong;
  ASSERT_TRUE(cache.write_page(page, 4 * kMs));
  EXPECT_EQ(text(cache), "__name__=a 1 @4\n__name__=b 2 @4\n");
  ASSERT_TRUE(cache.write_page("a 5\nb 6 1000\n", 5 * kMs));  // a time of its own
  EXPECT_EQ(text(cache), "__name__=a 5 @5\n__name__=b 6 @1000\n");
  ASSERT_TRUE(cache.write_page("a 5", 6 * kMs));  // no line break at the end
  EXPECT_EQ(text(cache), "__name__=a 5 @6\n");
}

TEST(SeriesCache, RepeatsOpenMetricsUntilAnExemplarComes) {
  SeriesCache cache(with_labels({}));
  for (int64_t time = 1; time <= 3; ++time) {
    ASSERT_TRUE(cache.write_page("# TYPE a counter\na_total 1.0\n# EOF\n", time * kMs, Format::open_metrics));
    EXPECT_EQ(text(cache), "__name__=a_total 1 @" + std::to_string(time) + "\n");
  }
  EXPECT_FALSE(cache.write_page("# TYPE a counter\na_total 1.0\n", 4 * kMs, Format::open_metrics));
  ASSERT_TRUE(cache.write_page("# TYPE a counter\na_total 1.0 # {id=\"7\"} 1\n# EOF\n", 5 * kMs, Format::open_metrics));
  ASSERT_TRUE(cache.write_page("# TYPE a counter\na_total 2.0 # {id=\"8\"} 1\n# EOF\n", 6 * kMs, Format::open_metrics));
  EXPECT_EQ(text(cache), "__name__=a_total 2 @6\n");
  // The same bytes are no text of the other format.
  ASSERT_TRUE(cache.write_page("# TYPE a counter\na_total 2.0\n# EOF\n", 7 * kMs, Format::open_metrics));
  ASSERT_TRUE(cache.write_page("# TYPE a counter\na_total 2.0\n# EOF\n", 8 * kMs, Format::text));
  EXPECT_EQ(text(cache), "__name__=a_total 2 @8\n");
}

}  // namespace
}  // namespace tarsier::scrape
