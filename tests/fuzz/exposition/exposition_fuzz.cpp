// Any bytes as a page: no crash, views stay inside the page, and what is written again parses to the same.
#include <cstdlib>
#include <string>

#include "plugins/lib/exposition/custom_buckets_parser.hpp"
#include "plugins/lib/exposition/open_metrics_parser.hpp"
#include "plugins/lib/exposition/protobuf_parser.hpp"
#include "plugins/lib/exposition/text_parser.hpp"
#include "plugins/lib/exposition/text_writer.hpp"

namespace {

using namespace tarsier::exposition;

struct Rewriter {
  std::string text;
  void on_sample(const SeriesText& series, double value, bool has_timestamp, int64_t timestamp_ms) {
    TextWriter(text).sample(series.name(), series.labels(), value, has_timestamp ? std::optional(timestamp_ms) : std::nullopt);
  }
  void on_help(std::string_view, std::string_view help) { (void)unescape_help(help); }
  void on_type(std::string_view, uint32_t) {}
};

void check(bool holds) {
  if (!holds) std::abort();
}

/// A second walk that expects what the first saw must see the same.
template <class Parser>
void walk_twice(std::string_view page) {
  Parser plain(page), expecting(page);
  SeriesText series;
  for (;;) {
    const Entry entry = plain.next();
    check(entry == expecting.next(entry == Entry::sample ? plain.series() : std::string_view()));
    if (entry == Entry::end || entry == Entry::invalid) return;
    if (entry != Entry::sample) continue;
    check(plain.series() == expecting.series());
    (void)series.parse(plain.series(), {});
  }
}

/// Histograms that are made of lines are histograms.
template <class Parser>
void walk_converted(std::string_view page) {
  for (const bool keep : {false, true}) {
    CustomBucketsParser<Parser> parser{Parser(page), keep};
    for (Entry entry = parser.next(); entry != Entry::end && entry != Entry::invalid; entry = parser.next()) {
      if (entry != Entry::sample || parser.histogram() == nullptr) continue;
      if (parser.histogram()->schema != tarsier::NativeHistogram::kCustomBuckets) continue;
      check(!std::is_same_v<Parser, TextParser> || tarsier::check_histogram(*parser.histogram()).ok());
      for (const auto& exemplar : parser.exemplars()) check(exemplar.labels.size() <= page.size());
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view page(reinterpret_cast<const char*>(data), size);
  Rewriter first;
  const bool good = parse_text(page, {}, first).ok();
  Rewriter second;
  check(parse_text(first.text, {}, second).ok());
  check(first.text == second.text);
  walk_twice<TextParser>(page);
  walk_twice<OpenMetricsParser>(page);
  walk_twice<ProtobufParser>(page);
  walk_converted<TextParser>(page);
  walk_converted<OpenMetricsParser>(page);
  walk_converted<ProtobufParser>(page);
  (void)good;
  return 0;
}
