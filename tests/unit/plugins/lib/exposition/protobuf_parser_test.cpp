// The protobuf format: every kind of metric as lines, native histograms, exemplars, and bytes that are none.
#include "plugins/lib/exposition/protobuf_parser.hpp"

#include <cmath>
#include <gtest/gtest.h>
#include <string>

#include "plugins/lib/exposition/number.hpp"
#include "plugins/lib/protobuf_wire/wire_writer.hpp"

namespace tarsier::exposition {
namespace {

using protobuf::WireWriter;
enum Type : uint64_t { kCounter = 0, kGauge = 1, kSummary = 2, kUntyped = 3, kHistogram = 4, kGaugeHistogram = 5 };

std::string delimited(const WireWriter& message) {
  std::vector<uint8_t> size;
  append_varint(size, message.bytes().size());
  return std::string(size.begin(), size.end()) + std::string(message.text());
}

WireWriter family(std::string_view name, Type type, const WireWriter& metric) {
  WireWriter out;
  return out.text(1, name).varint(3, type).message(4, metric), out;
}

WireWriter label(std::string_view name, std::string_view value) {
  WireWriter out;
  return out.text(1, name).text(2, value), out;
}

WireWriter timestamp(uint64_t seconds, uint64_t nanos) {
  WireWriter out;
  return out.varint(1, seconds).varint(2, nanos), out;
}

WireWriter exemplar(std::string_view id, double value, bool timed) {
  WireWriter out;
  out.message(1, label("trace_id", id)).float64(2, value);
  if (timed) out.message(3, timestamp(5, 250'000'000));
  return out;
}

void append(std::string& out, const NativeHistogram& histogram) {
  const auto list = [&](const auto& spans, const auto& buckets) {
    for (const BucketSpan& span : spans) out += " " + std::to_string(span.offset) + "+" + std::to_string(span.length);
    for (const double bucket : buckets) append_number(out += ' ', bucket);
  };
  out += " schema " + std::to_string(histogram.schema) + (histogram.is_float ? " float" : "") +
         (histogram.counter_reset == CounterReset::gauge ? " gauge" : "") + " count ";
  append_number(out, histogram.count);
  append_number(out += " zero ", histogram.zero_count);
  list(histogram.positive_spans, histogram.positive_buckets);
  out += " -";
  list(histogram.negative_spans, histogram.negative_buckets);
}

std::string read(std::string_view page, HistogramForms forms = HistogramForms::native, const Limits& limits = {}) {
  std::string out;
  ProtobufParser parser(page, limits, forms), expecting(page, limits, forms);
  SeriesText series;
  for (;;) {
    const Entry entry = parser.next();
    EXPECT_EQ(entry, expecting.next(entry == Entry::sample ? parser.series() : std::string_view()));
    switch (entry) {
      case Entry::sample:
        EXPECT_TRUE(expecting.matched());
        EXPECT_TRUE(series.parse(parser.series(), {})) << parser.series();
        append_number(out.append(parser.series()) += ' ', parser.value());
        if (parser.histogram() != nullptr) append(out, *parser.histogram());
        if (parser.has_timestamp()) out += " @" + std::to_string(parser.timestamp_ms());
        if (parser.start_ms() != 0) out += " since " + std::to_string(parser.start_ms());
        for (const ProtobufParser::Exemplar& one : parser.exemplars()) {
          append_number(out.append(" # ").append(one.labels.at(0).value) += ' ', one.value);
          if (one.has_timestamp) out += " @" + std::to_string(one.timestamp_ms);
        }
        out += '\n';
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

TEST(ProtobufParser, ReadsCountersGaugesAndWhatHasNoType) {
  WireWriter counter, gauge, untyped, number;
  number.float64(1, 4).message(2, exemplar("a", 0.5, false)).message(3, timestamp(7, 5'000'000));
  counter.message(1, label("code", "2\"0\\0\n")).message(3, number);
  WireWriter seconds = family("http_seconds", kCounter, counter);
  seconds.text(2, "How \\ long\n.").text(5, "seconds");
  gauge.message(2, WireWriter().float64(1, -1)).varint(6, 1234);
  untyped.message(5, WireWriter().float64(1, NAN));
  EXPECT_EQ(read(delimited(seconds) + delimited(family("a.b", kGauge, gauge)) + delimited(family("u", kUntyped, untyped))),
            "H http_seconds|How \\\\ long\\n.\nT http_seconds|1\nU http_seconds|seconds\n"
            "http_seconds{code=\"2\\\"0\\\\0\\n\"} 4 since 7005 # a 0.5\nT a.b|2\n{\"a.b\"} -1 @1234\nT u|0\nu NaN\n");
  EXPECT_EQ(read(""), "");
}

TEST(ProtobufParser, ReadsSummaries) {
  WireWriter metric, summary;
  summary.varint(1, 3)
      .float64(2, 6.5)
      .message(3, WireWriter().float64(1, 0.5).float64(2, 2))
      .message(3, WireWriter().float64(1, 1).float64(2, 3));
  metric.message(1, label("a", "b")).message(4, summary);
  EXPECT_EQ(read(delimited(family("s", kSummary, metric))),
            "T s|4\ns{a=\"b\",quantile=\"0.5\"} 2\ns{a=\"b\",quantile=\"1.0\"} 3\ns_count{a=\"b\"} 3\ns_sum{a=\"b\"} 6.5\n");
}

WireWriter classic() {
  WireWriter out;
  return out.varint(1, 7)
             .float64(2, 3.5)
             .message(3, WireWriter().varint(1, 2).float64(2, 1).message(3, exemplar("x", 0.1, false)))
             .message(3, WireWriter().varint(1, 6).float64(2, 2).message(3, exemplar("y", 1.5, true))),
         out;
}

WireWriter with_spans(WireWriter histogram) {
  std::string_view deltas("\x02\x04\x01", 3);  // 1, 2, -1: counts 1, 3, 2
  return histogram.sint(5, 3)
             .float64(6, 0.001)
             .varint(7, 1)
             .message(12, WireWriter().sint(1, -2).varint(2, 2))
             .message(12, WireWriter().sint(1, 4).varint(2, 1))
             .text(13, deltas),
         histogram;
}

TEST(ProtobufParser, ReadsClassicHistograms) {
  WireWriter metric;
  metric.message(7, classic());
  const std::string lines =
      "h_count 7\nh_sum 3.5\nh_bucket{le=\"1.0\"} 2 # x 0.1\nh_bucket{le=\"2.0\"} 6 # y 1.5 @5250\nh_bucket{le=\"+Inf\"} 7\n";
  EXPECT_EQ(read(delimited(family("h", kHistogram, metric))), "T h|3\n" + lines);
  EXPECT_EQ(read(delimited(family("h", kGaugeHistogram, metric))), "T h|5\n" + lines);
}

TEST(ProtobufParser, ReadsNativeHistogramsAsTheyAreWanted) {
  WireWriter metric;
  metric.message(7, with_spans(classic()));
  const std::string page = delimited(family("h", kHistogram, metric));
  const std::string native = "h 3.5 schema 3 count 7 zero 1 -2+2 4+1 1 3 2 - # y 1.5 @5250\n";
  const std::string lines =
      "h_count 7\nh_sum 3.5\nh_bucket{le=\"1.0\"} 2 # x 0.1\nh_bucket{le=\"2.0\"} 6 # y 1.5 @5250\nh_bucket{le=\"+Inf\"} 7\n";
  EXPECT_EQ(read(page), "T h|3\n" + native);
  EXPECT_EQ(read(page, HistogramForms::classic), "T h|3\n" + lines);
  EXPECT_EQ(read(page, HistogramForms::both), "T h|3\n" + native + lines);
}

TEST(ProtobufParser, ReadsFloatAndGaugeHistograms) {
  WireWriter metric, histogram;
  double counts[] = {1.5, 2.5};
  histogram.float64(2, 1).float64(4, 4.5).sint(5, 0).float64(8, 0.5).message(9, WireWriter().sint(1, 0).varint(2, 2));
  histogram.text(11, {reinterpret_cast<const char*>(counts), sizeof(counts)}).message(16, exemplar("own", 1, true));
  metric.message(7, histogram);
  EXPECT_EQ(read(delimited(family("h", kGaugeHistogram, metric))),
            "T h|5\nh 1 schema 0 float gauge count 4.5 zero 0.5 - 0+2 1.5 2.5 # own 1 @5250\n");
  EXPECT_EQ(read(delimited(family("h", kGaugeHistogram, metric)), HistogramForms::classic),
            "T h|5\nh_count 4.5\nh_sum 1\nh_bucket{le=\"+Inf\"} 4.5\n");
  EXPECT_EQ(read(delimited(family("h", kGaugeHistogram, metric)), HistogramForms::both),
            "T h|5\nh 1 schema 0 float gauge count 4.5 zero 0.5 - 0+2 1.5 2.5 # own 1 @5250\n");
}

TEST(ProtobufParser, RefusesWhatIsMalformed) {
  WireWriter metric;
  metric.message(7, with_spans(classic())).message(1, label("a", "b"));
  const std::string page = delimited(family("h", kHistogram, metric));
  for (size_t size = 1; size < page.size(); ++size)
    EXPECT_NE(read(page.substr(0, size)).find("error: "), std::string::npos) << size;
  EXPECT_EQ(read(delimited(family("", kGauge, {}))), "error: family 1: a family is malformed");
  EXPECT_EQ(read(delimited(family("\xff", kGauge, {}))), "error: family 1 (\"\xff\"): a family is malformed");
  WireWriter bad;
  bad.message(3, WireWriter().float64(1, 1).message(2, WireWriter().message(1, label("", "x"))));
  EXPECT_EQ(read(delimited(family("c", kCounter, bad))), "T c|1\nerror: family 1 (\"c\"): an exemplar of \"c\" is malformed");
}

TEST(ProtobufParser, HasLimits) {
  WireWriter gauge;
  gauge.message(2, WireWriter().float64(1, 1));
  const std::string page = delimited(family("a", kGauge, gauge)) + delimited(family("b", kGauge, gauge));
  EXPECT_EQ(read(page, HistogramForms::native, {.samples = 1}), "T a|2\na 1\nT b|2\nerror: family 2 (\"b\"): more than 1 samples");
  EXPECT_EQ(read(page, HistogramForms::native, {.line_bytes = 4}), "T a|2\nerror: family 1 (\"a\"): a metric is malformed");
  WireWriter spans, metric;
  for (size_t i = 0; i <= kMaxHistogramSpans; ++i) spans.message(12, WireWriter().sint(1, 0).varint(2, 1));
  EXPECT_NE(read(delimited(family("h", kHistogram, metric.message(7, spans)))).find("error: "), std::string::npos);
}

}  // namespace
}  // namespace tarsier::exposition
