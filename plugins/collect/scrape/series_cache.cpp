// From lines to series. The line that stood after this one in the last page is tried first; a hash look-up is the fallback, and
// only a line never seen is parsed.
#include "plugins/collect/scrape/series_cache.hpp"

#include <algorithm>
#include <bit>
#include <utility>

#include "plugins/lib/exposition/custom_buckets_parser.hpp"
#include "tarsier/flat_set.hpp"
#include "tarsier/histogram.hpp"

namespace tarsier::scrape {
namespace {

// Help and type go with new series, with all when a family changes, and once in so many scrapes for those who missed them.
constexpr uint64_t kDescribeEvery = 240;
constexpr uint64_t kFamilyKept = 10;  // scrapes after the last that had it; as in the original

/// As near as there are times.
int64_t nanoseconds(int64_t ms) noexcept {
  constexpr int64_t kMost = INT64_MAX / 1'000'000;
  return std::clamp(ms, -kMost, kMost) * 1'000'000;
}

uint64_t hash_of(std::string_view bytes) noexcept { return std::hash<std::string_view>()(bytes); }

double stale() noexcept { return std::bit_cast<double>(TARSIER_STALE_NAN_BITS); }

}  // namespace

void SeriesCache::count_scrape() {
  ++scrape_;
  if (scrape_ % kFamilyKept == 0) forget_families();
}

/// Begins a scrape that is not like the last one.
void SeriesCache::begin() {
  settle();
  counts_ = {};
  place_ = 0;
  family_place_ = 0;
  type_ = TARSIER_SERIES_UNKNOWN;
  next_order_.clear();
  over_limit_ = over_buckets_ = false;
  builder_.clear(false);
  forget_unused();
  describe_all_ = is_to_describe();
  family_changed_ = false;
}

/// What was left out while pages were alike.
void SeriesCache::settle() {
  const uint32_t until = std::exchange(read_, last_good_);
  if (until == last_good_) return;
  for (Series& series : series_)
    if (series.stored == until) series.seen = series.stored = last_good_;
  for (Metadata& family : families_)
    if (family.seen == until) family.seen = last_good_;
}

Result<void> SeriesCache::write_page(std::string_view page, int64_t time_ns, Format format) {
  count_scrape();
  if (repeat_page(page, time_ns, format)) return {};
  begin();
  auto result = read_page(page, time_ns, format);
  if (!result) {
    shape_.clear();
    builder_.clear(false);
    write_stale(time_ns, true);
    return result;
  }
  end_page();
  write_stale(time_ns, false);
  return {};
}

/// False when the page differs from the last one in more than its values.
bool SeriesCache::repeat_page(std::string_view page, int64_t time_ns, Format format) {
  if (format != shape_format_ || is_to_describe() || !shape_.read(page, values_)) return false;
  builder_.repeat(time_ns, values_);
  counts_ = shape_counts_;
  last_good_ = scrape_;
  return true;
}

Result<void> SeriesCache::read_page(std::string_view page, int64_t time_ns, Format format) {
  exposition::Limits limits = options_.limits;
  limits.samples = 0;  // counted here, without repeated series
  shape_format_ = format;
  switch (format) {
    case Format::text:
      return read_as_wanted(exposition::TextParser(page, limits), page, time_ns);
    case Format::open_metrics:
      return read_as_wanted(exposition::OpenMetricsParser(page, limits), page, time_ns);
    case Format::protobuf:
      return read_as_wanted(exposition::ProtobufParser(page, limits, options_.histograms), page, time_ns);
  }
  return Error::invalid("no such format");
}

/// The page was good as a whole.
void SeriesCache::end_page() {
  for (const uint32_t line : next_order_) {  // published only now that the whole page is good
    if (lines_[line].series == kNone) continue;
    Series& series = series_[lines_[line].series];
    if (series.stored == scrape_) continue;
    if (series.stored == 0 || series.stored < last_good_) ++counts_.new_series;
    series.stored = scrape_;
    series.published = series.tracked;
  }
  read_ = last_good_ = scrape_;
  shape_.finish();
  shape_counts_ = counts_;
  shape_counts_.new_series = 0;
  order_.swap(next_order_);
  const auto give_back = [](auto& grown) {
    if (grown.capacity() > grown.size() + grown.size() / 8) grown.shrink_to_fit();
  };
  give_back(lines_);
  give_back(series_);
}

void SeriesCache::write_failure(int64_t time_ns) {
  count_scrape();
  shape_.clear();
  begin();
  write_stale(time_ns, true);
}

bool SeriesCache::is_to_describe() const noexcept { return family_changed_ || scrape_ % kDescribeEvery == 0; }

template <class Parser>
Result<void> SeriesCache::read_as_wanted(Parser parser, std::string_view page, int64_t time_ns) {
  if (!options_.custom_buckets) return read(std::move(parser), page, time_ns);
  return read(exposition::CustomBucketsParser<Parser>(std::move(parser), options_.keep_classic), page, time_ns);
}

/// Texts of lines have a place in the page; messages of protobuf, and lines that become histograms, have none.
template <class Parser>
Result<void> SeriesCache::read(Parser parser, std::string_view page, int64_t time_ns) {
  constexpr bool kOfLines = requires { parser.position(); };
  kOfLines ? shape_.begin(page) : shape_.clear();
  for (;;) {
    const uint64_t stored = counts_.added;
    const std::string_view expected = place_ < order_.size() ? lines_[order_[place_]].view() : std::string_view();
    switch (parser.next(expected)) {
      case exposition::Entry::sample:
        if (auto taken = take_sample(parser, time_ns); !taken) return taken;
        if constexpr (kOfLines) {
          if (!over_limit_)
            shape_.add(parser.series(), lines_[next_order_.back()].view(), parser.position(), counts_.added != stored);
        }
        break;
      case exposition::Entry::help:
        note_help(parser.family(), parser.help(), Parser::kHelpEscapesQuotes);
        break;
      case exposition::Entry::type:
        note_type(parser.family(), parser.type());
        break;
      case exposition::Entry::unit:
        if constexpr (requires { parser.unit(); }) note_unit(parser.family(), parser.unit());
        break;
      case exposition::Entry::end:
        if (over_limit_)
          return Error(TARSIER_RESOURCE, "sample limit exceeded: more than " + std::to_string(options_.limits.samples));
        if (over_buckets_) return Error(TARSIER_RESOURCE, "histogram bucket limit exceeded");
        return {};
      case exposition::Entry::invalid:
        return parser.error();
    }
  }
}

template <class Parser>
Result<void> SeriesCache::take_sample(const Parser& parser, int64_t time_ns) {
  ++counts_.scraped;
  if (over_limit_) return count_only(parser.series());
  auto found = find_line(parser);
  if (!found) return std::move(found).error();
  Line& line = lines_[*found];
  line.place = static_cast<uint32_t>(next_order_.size());
  next_order_.push_back(*found);
  if (line.series == kNone) return {};
  ++counts_.kept;
  Series& series = series_[line.series];
  const bool explicit_time = parser.has_timestamp() && options_.honor_timestamps;
  const int64_t sample_ns = explicit_time ? nanoseconds(parser.timestamp_ms()) : time_ns;
  // Several points of a series have times of their own, which ascend; of others the first one counts.
  if (series.seen == scrape_ && sample_ns <= series.newest_ns) {
    ++counts_.repeated;
    return {};
  }
  if (options_.limits.samples != 0 && counts_.added == options_.limits.samples) {
    over_limit_ = true;
    return {};
  }
  series.seen = scrape_;
  series.newest_ns = sample_ns;
  // A series with its own timestamps decides itself when it ends, unless asked otherwise: it is not watched for staleness.
  series.tracked = !explicit_time || options_.track_timestamps_staleness;
  ++counts_.added;
  builder_.series_of_symbols(series.set());
  if (auto written = write_value(parser, sample_ns); !written) return written;
  if (describe_all_ || !series.described) {
    if (const Metadata* known = metadata_of(line.view())) {
      builder_.metadata(known->type, known->help, known->unit, name_tail(series, *known));
      described_bytes_ += known->help.size();
    }
    series.described = true;
  }
  take_exemplars(parser, sample_ns);
  return {};
}

/// A number or a native histogram, and since when it counts where that is told.
template <class Parser>
Result<void> SeriesCache::write_value(const Parser& parser, int64_t sample_ns) {
  if constexpr (requires { parser.histogram(); }) {
    const int64_t start_ns = nanoseconds(parser.start_ms());
    if (const NativeHistogram* histogram = parser.histogram()) {
      if (auto checked = check_histogram(*histogram); !checked)
        return Error::invalid(std::string(parser.series()) + ": " + checked.error().message());
      if (options_.histogram_limits.any()) {
        limited_ = *histogram;
        histogram = &limited_;
        // Told at the end of the page, so that its samples are counted.
        over_buckets_ = !fit(limited_, options_.histogram_limits) || over_buckets_;
      }
      encoded_.clear();
      encode_histogram(*histogram, encoded_);
      builder_.histogram(sample_ns, histogram->sum, start_ns, encoded_);
      return {};
    }
    if (start_ns != 0) return builder_.sample(sample_ns, parser.value(), start_ns), Result<void>();
  }
  builder_.sample(sample_ns, parser.value());
  return {};
}

/// One without a time of its own has that of the sample.
template <class Parser>
void SeriesCache::take_exemplars(const Parser& parser, int64_t sample_ns) {
  const auto time = [&](const auto& exemplar) { return exemplar.has_timestamp ? nanoseconds(exemplar.timestamp_ms) : sample_ns; };
  if constexpr (requires { parser.exemplar(); }) {
    if (const auto* one = parser.exemplar()) take_exemplar(one->labels.labels(), one->value, time(*one));
  } else if constexpr (requires { parser.exemplars(); }) {
    for (const auto& one : parser.exemplars()) take_exemplar(one.labels, one.value, time(one));
  }
}

void SeriesCache::take_exemplar(std::span<const exposition::LabelText> labels, double value, int64_t time_ns) {
  encoded_.clear();
  for (const exposition::LabelText& label : labels) append_flat_label(encoded_, label.name, label.value);
  builder_.exemplar(time_ns, value, encoded_);
}

template <class Parser>
Result<uint32_t> SeriesCache::find_line(const Parser& parser) {
  if (parser.matched()) return order_[place_++];
  const uint32_t found = find_text(parser.series());
  if (found == kNone) return make_line(parser.series(), type_);
  const size_t place = lines_[found].place;
  if (place < order_.size() && order_[place] == found) place_ = place + 1;
  return found;
}

uint32_t SeriesCache::find_text(std::string_view text) const {
  return line_index_.find(hash_of(text), [&](uint32_t line) { return lines_[line].view() == text; });
}

/// A line past the limit of samples. It is not remembered: pages that grow without end are what the limit is for.
Result<void> SeriesCache::count_only(std::string_view text) {
  if (const uint32_t found = find_text(text); found != kNone) {
    counts_.kept += lines_[found].series == kNone ? 0U : 1U;
    return {};
  }
  const auto kept = labels_.resolve(text, type_);
  if (!kept) return Error(kept.error());
  counts_.kept += *kept ? 1U : 0U;
  return {};
}

Result<uint32_t> SeriesCache::make_line(std::string_view text, uint32_t type) {
  const auto kept = labels_.resolve(text, type);
  if (!kept) return Error(kept.error());
  text_bytes_ += text.size();
  if (options_.text_bytes != 0 && text_bytes_ > options_.text_bytes)
    return Error(TARSIER_RESOURCE, "the texts of the series take more than " + std::to_string(options_.text_bytes) + " bytes");
  const auto number = static_cast<uint32_t>(lines_.size());
  uint32_t series = kNone;
  if (*kept) {
    note_symbols();
    bool made = false;
    std::tie(series, made) = series_of_symbols();
    if (made || series_[series].line == kNone) series_[series].line = number;
  }
  const std::span<const char> kept_text = texts_.add(text);
  lines_.push_back({kept_text.data(), static_cast<uint32_t>(kept_text.size()), series, type});
  line_index_.add(hash_of(text), number);
  return number;
}

void SeriesCache::note_symbols() {
  symbols_.clear();
  for (const auto& [name, value] : labels_.all()) {
    symbols_.push_back(builder_.labels().symbol(name));
    symbols_.push_back(builder_.labels().symbol(value));
  }
}

/// The series of symbols_, and whether it is new.
std::pair<uint32_t, bool> SeriesCache::series_of_symbols() {
  const uint64_t hash = hash_of({reinterpret_cast<const char*>(symbols_.data()), symbols_.size() * sizeof(uint32_t)});
  const auto is_this = [&](uint32_t series) { return std::ranges::equal(series_[series].set(), symbols_); };
  if (const uint32_t found = series_index_.find(hash, is_this); found != kNone) return {found, false};
  const auto number = static_cast<uint32_t>(series_.size());
  const std::span<const uint32_t> kept = symbol_runs_.add(symbols_);
  series_.push_back({kept.data(), static_cast<uint32_t>(kept.size()), kNone});
  series_index_.add(hash, number);
  return {number, true};
}

void SeriesCache::inherit(const SeriesCache& ended) {
  shape_.clear();
  const batch::Labels& texts = ended.builder_.labels();
  for (const Series& series : ended.series_) {
    if (!series.published) continue;
    symbols_.clear();
    for (const uint32_t symbol : series.set()) symbols_.push_back(builder_.labels().symbol(texts.text(symbol)));
    const auto [number, made] = series_of_symbols();
    if (!made) continue;
    series_[number].published = true;
    has_inherited_ = true;
  }
}

/// What is known of the family, which may be new.
Metadata& SeriesCache::family_of(std::string_view name) {
  // HELP, TYPE and UNIT of one family follow one another, and families keep their order.
  for (size_t place = family_place_; place < std::min(family_place_ + 2, families_.size()); ++place) {
    if (families_[place].family != name) continue;
    family_place_ = place;
    families_[place].seen = scrape_;
    return families_[place];
  }
  const auto found = family_index_.find(name);
  if (found != family_index_.end()) {
    family_place_ = found->second;
  } else {
    family_place_ = families_.size();
    families_.push_back({std::string(name), {}, {}, TARSIER_SERIES_UNKNOWN, scrape_, scrape_});
    family_index_.emplace(families_.back().family, static_cast<uint32_t>(family_place_));
  }
  families_[family_place_].seen = scrape_;
  return families_[family_place_];
}

// What changes reaches the series that stood before the line with the next scrape.

void SeriesCache::note_help(std::string_view family, std::string_view help, bool quotes) {
  Metadata& known = family_of(family);
  const bool plain = help.find('\\') == std::string_view::npos;
  if (plain && known.help == help) return;
  std::string text = exposition::unescape_help(help, quotes);
  if (known.help == text) return;
  known.help = std::move(text);
  family_changed_ |= known.since != scrape_;
}

void SeriesCache::note_type(std::string_view family, uint32_t type) {
  type_ = type;
  Metadata& known = family_of(family);
  family_changed_ |= std::exchange(known.type, type) != type && known.since != scrape_;
}

void SeriesCache::note_unit(std::string_view family, std::string_view unit) {
  Metadata& known = family_of(family);
  if (known.unit == unit) return;
  known.unit = unit;
  family_changed_ |= known.since != scrape_;
}

/// Of the family that the line belongs to: that of its name, or of what it is a part of.
const Metadata* SeriesCache::metadata_of(std::string_view text) const {
  constexpr std::pair<std::string_view, uint32_t> kParts[] = {{"_total", TARSIER_SERIES_COUNTER},
                                                              {"_bucket", TARSIER_SERIES_HISTOGRAM},
                                                              {"_sum", TARSIER_SERIES_HISTOGRAM},
                                                              {"_count", TARSIER_SERIES_HISTOGRAM},
                                                              {"_sum", TARSIER_SERIES_SUMMARY},
                                                              {"_count", TARSIER_SERIES_SUMMARY},
                                                              {"_bucket", TARSIER_SERIES_GAUGE_HISTOGRAM},
                                                              {"_gsum", TARSIER_SERIES_GAUGE_HISTOGRAM},
                                                              {"_gcount", TARSIER_SERIES_GAUGE_HISTOGRAM},
                                                              {"_info", TARSIER_SERIES_INFO}};
  size_t size = 0;
  while (size < text.size() && exposition::is_name_char(text[size])) ++size;
  std::string_view name = text.substr(0, size);
  if (size == 0 && text.size() > 2) name = text.substr(2, exposition::quoted_size(text.substr(1)) - 2);  // {"quoted.name",...}
  if (const auto found = family_index_.find(name); found != family_index_.end()) return &families_[found->second];
  for (const auto& [part, type] : kParts) {
    if (!name.ends_with(part)) continue;
    const auto found = family_index_.find(name.substr(0, name.size() - part.size()));
    if (found != family_index_.end() && families_[found->second].type == type) return &families_[found->second];
  }
  return nullptr;
}

/// Only OpenMetrics has families of counters and infos whose names lack what the metrics' have. Rules may have made it another
/// name.
uint32_t SeriesCache::name_tail(const Series& series, const Metadata& family) {
  const std::string_view part = family.type == TARSIER_SERIES_COUNTER ? "_total"
                                : family.type == TARSIER_SERIES_INFO  ? "_info"
                                                                      : "";
  if (part.empty()) return 0;
  for (size_t i = 0; i + 1 < series.set().size(); i += 2) {
    if (builder_.labels().text(series.set()[i]) != "__name__") continue;
    const std::string_view name = builder_.labels().text(series.set()[i + 1]);
    const bool longer =
        name.size() == family.family.size() + part.size() && name.starts_with(family.family) && name.ends_with(part);
    return longer ? static_cast<uint32_t>(part.size()) : 0;
  }
  return 0;
}

void SeriesCache::write_stale(int64_t time_ns, bool all) {
  for (Series& series : series_) {
    if (!series.published || (!all && series.seen == scrape_)) continue;
    builder_.series_of_symbols(series.set());
    builder_.sample(time_ns, stale());
    series.published = false;
  }
  has_inherited_ = false;
}

void SeriesCache::write_report(std::string_view name, int64_t time_ns, double value) {
  builder_.series_of_symbols(report_symbols(name));
  builder_.sample(time_ns, value);
}

std::span<const uint32_t> SeriesCache::report_symbols(std::string_view name) {
  for (const Report& known : reports_)
    if (known.name == name) return known.symbols;
  LabelSet labels = options_.target_labels;
  labels.insert_or_assign("__name__", std::string(name));
  Report& made = reports_.emplace_back(std::string(name));
  for (const auto& [label, value] : labels) {
    made.symbols.push_back(builder_.labels().symbol(label));
    made.symbols.push_back(builder_.labels().symbol(value));
  }
  return made.symbols;
}

/// Starts over when half of the lines are history (series that churn), keeping what still needs a staleness marker.
void SeriesCache::forget_unused() {
  constexpr size_t kSmallest = 256;
  constexpr uint64_t kMostDescribed = 4 << 20;
  const bool churned = lines_.size() >= kSmallest && lines_.size() >= 2 * order_.size();
  if ((!churned && described_bytes_ < kMostDescribed) || has_inherited_) return;
  std::vector<std::pair<std::string, uint32_t>> kept;
  for (const Series& series : series_)
    if (series.published) kept.emplace_back(lines_[series.line].view(), lines_[series.line].type);
  line_index_.clear();
  series_index_.clear();
  lines_.clear();
  series_.clear();
  texts_.clear();
  symbol_runs_.clear();
  order_.clear();
  reports_.clear();
  shape_.clear();
  builder_.clear(true);
  text_bytes_ = described_bytes_ = 0;
  for (const auto& [text, type] : kept) {
    auto line = make_line(text, type);
    if (!line) continue;  // cannot be: the same text was resolved before
    Series& series = series_[lines_[*line].series];
    series.published = true;
    series.stored = last_good_;
    order_.push_back(*line);
  }
}

/// Those that no page has had for some scrapes.
void SeriesCache::forget_families() {
  const auto is_history = [&](const Metadata& family) {
    return (family.seen == read_ ? last_good_ : family.seen) + kFamilyKept < scrape_;
  };
  if (std::none_of(families_.begin(), families_.end(), is_history)) return;
  std::erase_if(families_, is_history);
  family_index_.clear();
  for (uint32_t i = 0; i < families_.size(); ++i) family_index_.emplace(families_[i].family, i);
}

}  // namespace tarsier::scrape
