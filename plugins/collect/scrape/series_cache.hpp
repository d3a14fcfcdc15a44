// The series of one target, remembered from scrape to scrape by the text that its lines begin with, so that an unchanged line costs
// one compare; of a page in which only values changed nothing else is looked at. Writes each scrape into a builder of samples, with
// staleness markers for what is gone.
#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "plugins/collect/scrape/hash_index.hpp"
#include "plugins/collect/scrape/histogram_limits.hpp"
#include "plugins/collect/scrape/page_shape.hpp"
#include "plugins/collect/scrape/protocol.hpp"
#include "plugins/collect/scrape/runs.hpp"
#include "plugins/collect/scrape/series_labels.hpp"
#include "plugins/lib/exposition/open_metrics_parser.hpp"
#include "plugins/lib/exposition/protobuf_parser.hpp"
#include "plugins/lib/exposition/text_parser.hpp"
#include "tarsier/batch_builder.hpp"

namespace tarsier::scrape {

struct CacheOptions : LabelOptions {
  bool honor_timestamps = true;
  bool track_timestamps_staleness = false;
  exposition::HistogramForms histograms = exposition::HistogramForms::classic;
  bool custom_buckets = false;  ///< classic histograms become native ones
  bool keep_classic = false;    ///< and are taken besides
  HistogramLimits histogram_limits;
  uint64_t text_bytes = 0;  ///< most that the texts of its series may take; 0: no limit
};

/// What a family said of itself.
struct Metadata {
  std::string family, help, unit;
  uint32_t type = TARSIER_SERIES_UNKNOWN;
  uint64_t since = 0;  ///< number of the scrape that first had it
  uint64_t seen = 0;   ///< and of the last one
};

class SeriesCache {
 public:
  explicit SeriesCache(CacheOptions options) : options_(std::move(options)), labels_(options_) {}
  SeriesCache(const SeriesCache&) = delete;
  SeriesCache& operator=(const SeriesCache&) = delete;

  struct Counts {
    uint64_t scraped = 0;   ///< lines
    uint64_t kept = 0;      ///< of them, those that rules leave
    uint64_t added = 0;     ///< samples stored: without repeated series
    uint64_t repeated = 0;  ///< left out because an earlier line had the same series
    uint64_t new_series = 0;
  };
  /// The target goes on with other rules or limits than `ended` had: what that has published and the next page does not gets its
  /// staleness marker then.
  void inherit(const SeriesCache& ended);
  /// Begins the batch of one scrape at `time_ns` from its page: all or nothing. On failure the batch holds staleness markers only,
  /// and counts() tells how far it came: to the end, when it is the limit of samples that was passed.
  Result<void> write_page(std::string_view page, int64_t time_ns, Format format = Format::text);
  /// Begins the batch of a scrape that got no page: staleness markers for all that was there.
  void write_failure(int64_t time_ns);
  /// Adds a sample of the scrape about itself ("up"), which gets the target's labels only.
  void write_report(std::string_view name, int64_t time_ns, double value);

  const Counts& counts() const noexcept { return counts_; }
  batch::SamplesBuilder& builder() noexcept { return builder_; }
  const std::deque<Metadata>& metadata() const noexcept { return families_; }
  size_t series_count() const noexcept { return series_.size(); }

 private:
  static constexpr uint32_t kNone = UINT32_MAX;
  // There are as many of these two as there are lines: they are kept small.
  struct Line {  // one spelling of a series
    const char* text = nullptr;
    uint32_t size = 0;
    uint32_t series = 0;     // kNone: rules drop it
    uint32_t type = 0;       // that the page had said when the line was first seen
    uint32_t place = kNone;  // in the last page that had it

    std::string_view view() const noexcept { return {text, size}; }
  };
  struct Series {
    const uint32_t* symbols = nullptr;
    uint32_t symbol_count = 0;
    uint32_t line = 0;      // one of its spellings; kNone: inherited, and not seen yet
    uint32_t seen = 0;      // number of the last scrape that had it
    uint32_t stored = 0;    // the same, of those that were good; both as of read_
    int64_t newest_ns = 0;  // of the last one that was seen
    bool tracked = true;    // gets a staleness marker when it is gone
    bool published = false;
    bool described = false;

    std::span<const uint32_t> set() const noexcept { return {symbols, symbol_count}; }
  };
  struct Report {
    std::string name;
    std::vector<uint32_t> symbols;
  };

  void count_scrape();
  bool repeat_page(std::string_view page, int64_t time_ns, Format format);
  void begin();
  void settle();
  bool is_to_describe() const noexcept;
  void end_page();
  Result<void> read_page(std::string_view page, int64_t time_ns, Format format);
  // Parser: TextParser, OpenMetricsParser or ProtobufParser.
  template <class Parser>
  Result<void> read(Parser parser, std::string_view page, int64_t time_ns);
  template <class Parser>
  Result<void> read_as_wanted(Parser parser, std::string_view page, int64_t time_ns);
  template <class Parser>
  Result<void> take_sample(const Parser& parser, int64_t time_ns);
  template <class Parser>
  Result<uint32_t> find_line(const Parser& parser);
  Result<uint32_t> make_line(std::string_view text, uint32_t type);
  Result<void> count_only(std::string_view text);
  template <class Parser>
  Result<void> write_value(const Parser& parser, int64_t sample_ns);
  template <class Parser>
  void take_exemplars(const Parser& parser, int64_t sample_ns);
  void take_exemplar(std::span<const exposition::LabelText> labels, double value, int64_t time_ns);
  void note_symbols();
  std::pair<uint32_t, bool> series_of_symbols();
  uint32_t find_text(std::string_view text) const;
  Metadata& family_of(std::string_view name);
  void note_help(std::string_view family, std::string_view help, bool quotes);
  void note_type(std::string_view family, uint32_t type);
  void note_unit(std::string_view family, std::string_view unit);
  const Metadata* metadata_of(std::string_view text) const;
  uint32_t name_tail(const Series& series, const Metadata& family);
  void write_stale(int64_t time_ns, bool all);
  std::span<const uint32_t> report_symbols(std::string_view name);
  void forget_unused();
  void forget_families();

  const CacheOptions options_;
  batch::SamplesBuilder builder_;
  Counts counts_;
  uint32_t scrape_ = 0;  // one a second are 136 years
  uint32_t last_good_ = 0;
  uint32_t read_ = 0;  // the last good one that was read line by line; those from then on were like it

  PageShape shape_;
  Format shape_format_ = Format::text;
  Counts shape_counts_;
  std::vector<double> values_;

  Runs<char> texts_;
  Runs<uint32_t> symbol_runs_;
  std::vector<Line> lines_;
  uint64_t text_bytes_ = 0;       // of all lines
  uint64_t described_bytes_ = 0;  // help that the builder keeps
  HashIndex line_index_;
  std::vector<Series> series_;
  HashIndex series_index_;                    // by the symbols
  std::vector<uint32_t> order_, next_order_;  // lines as they stood in the last page, and in this
  size_t place_ = 0;

  std::deque<Metadata> families_;
  std::unordered_map<std::string_view, uint32_t> family_index_;
  size_t family_place_ = 0;
  uint32_t type_ = TARSIER_SERIES_UNKNOWN;  // the last that the page said
  bool over_limit_ = false, over_buckets_ = false;
  bool has_inherited_ = false;
  bool describe_all_ = false;
  bool family_changed_ = false;

  SeriesLabels labels_;
  std::vector<Report> reports_;
  std::vector<uint32_t> symbols_;
  std::vector<uint8_t> encoded_;  // an exemplar's labels, or a histogram
  NativeHistogram limited_;
};

}  // namespace tarsier::scrape
