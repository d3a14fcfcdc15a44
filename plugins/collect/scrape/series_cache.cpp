// From lines to series. The line that stood after this one in the last page is tried first; a hash look-up is the fallback, and
// only a line never seen is parsed.
#include "plugins/collect/scrape/series_cache.hpp"

#include <algorithm>
#include <bit>

namespace tarsier::scrape {
namespace {

// Help and type go with new series, with all when a family changes, and once in so many scrapes for those who missed them.
constexpr uint64_t kDescribeEvery = 240;

double stale() noexcept { return std::bit_cast<double>(TARSIER_STALE_NAN_BITS); }

}  // namespace

void SeriesCache::begin() {
  ++scrape_;
  counts_ = {};
  place_ = 0;
  family_place_ = 0;
  next_order_.clear();
  over_limit_ = false;
  builder_.clear(false);
  forget_unused();
  describe_all_ = family_changed_ || scrape_ % kDescribeEvery == 0;
  family_changed_ = false;
}

Result<void> SeriesCache::write_page(std::string_view page, int64_t time_ns) {
  begin();
  exposition::Limits limits = options_.limits;
  limits.samples = 0;  // counted here, without repeated series
  exposition::TextParser parser(page, limits);
  if (auto result = read(parser, time_ns); !result) {
    builder_.clear(false);
    write_stale(time_ns, true);
    return result;
  }
  for (const uint32_t line : next_order_) {  // published only now that the whole page is good
    if (lines_[line].series == kNone) continue;
    Series& series = series_[lines_[line].series];
    if (series.stored == scrape_) continue;
    if (series.stored == 0 || series.stored < last_good_) ++counts_.new_series;
    series.stored = scrape_;
    series.published = series.tracked;
  }
  last_good_ = scrape_;
  order_.swap(next_order_);
  write_stale(time_ns, false);
  return {};
}

void SeriesCache::write_failure(int64_t time_ns) {
  begin();
  write_stale(time_ns, true);
}

Result<void> SeriesCache::read(exposition::TextParser& parser, int64_t time_ns) {
  for (;;) {
    const std::string_view expected = place_ < order_.size() ? std::string_view(lines_[order_[place_]].text) : std::string_view();
    switch (parser.next(expected)) {
      case exposition::Entry::sample:
        if (auto taken = take_sample(parser, time_ns); !taken) return taken;
        break;
      case exposition::Entry::help:
        take_metadata(parser, true);
        break;
      case exposition::Entry::type:
        take_metadata(parser, false);
        break;
      case exposition::Entry::unit:
        break;
      case exposition::Entry::end:
        if (!over_limit_) return {};
        return Error(TARSIER_RESOURCE, "sample limit exceeded: more than " + std::to_string(options_.limits.samples));
      case exposition::Entry::invalid:
        return parser.error();
    }
  }
}

Result<void> SeriesCache::take_sample(exposition::TextParser& parser, int64_t time_ns) {
  ++counts_.scraped;
  if (over_limit_) return count_only(parser);
  auto found = find_line(parser);
  if (!found) return std::move(found).error();
  Line& line = lines_[*found];
  line.seen = scrape_;
  line.place = next_order_.size();
  next_order_.push_back(*found);
  if (line.series == kNone) return {};
  ++counts_.kept;
  Series& series = series_[line.series];
  if (series.seen == scrape_) {  // the first one counts
    ++counts_.repeated;
    return {};
  }
  if (options_.limits.samples != 0 && counts_.added == options_.limits.samples) {
    over_limit_ = true;
    return {};
  }
  series.seen = scrape_;
  const bool explicit_time = parser.has_timestamp() && options_.honor_timestamps;
  // A series with its own timestamps decides itself when it ends, unless asked otherwise: it is not watched for staleness.
  series.tracked = !explicit_time || options_.track_timestamps_staleness;
  ++counts_.added;
  builder_.series_of_symbols(series.symbols);
  builder_.sample(explicit_time ? parser.timestamp_ms() * 1'000'000 : time_ns, parser.value());
  if (describe_all_ || !series.described) {
    if (const Metadata* known = metadata_of(line.text)) builder_.metadata(known->type, known->help, "");
    series.described = true;
  }
  return {};
}

Result<uint32_t> SeriesCache::find_line(const exposition::TextParser& parser) {
  if (parser.matched()) return order_[place_++];
  const auto found = line_index_.find(parser.series());
  if (found == line_index_.end()) return make_line(parser.series());
  const Line& line = lines_[found->second];
  if (line.seen != 0 && line.place < order_.size() && order_[line.place] == found->second) place_ = line.place + 1;
  return found->second;
}

/// A line past the limit of samples. It is not remembered: pages that grow without end are what the limit is for.
Result<void> SeriesCache::count_only(const exposition::TextParser& parser) {
  const auto found = line_index_.find(parser.series());
  if (found != line_index_.end()) {
    counts_.kept += lines_[found->second].series == kNone ? 0U : 1U;
    return {};
  }
  const auto kept = labels_.resolve(parser.series());
  if (!kept) return Error(kept.error());
  counts_.kept += *kept ? 1U : 0U;
  return {};
}

Result<uint32_t> SeriesCache::make_line(std::string_view text) {
  const auto kept = labels_.resolve(text);
  if (!kept) return Error(kept.error());
  const auto number = static_cast<uint32_t>(lines_.size());
  uint32_t series = kNone;
  if (*kept) {
    note_symbols();
    bool made = false;
    std::tie(series, made) = series_of_symbols();
    if (made || series_[series].line == kNone) series_[series].line = number;
  }
  lines_.push_back({std::string(text), series});
  line_index_.emplace(lines_.back().text, number);
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
  std::string key(reinterpret_cast<const char*>(symbols_.data()), symbols_.size() * sizeof(uint32_t));
  const auto [series, made] = series_index_.try_emplace(std::move(key), static_cast<uint32_t>(series_.size()));
  if (made) series_.push_back({symbols_, kNone});
  return {series->second, made};
}

void SeriesCache::inherit(const SeriesCache& ended) {
  const batch::Labels& texts = ended.builder_.labels();
  for (const Series& series : ended.series_) {
    if (!series.published) continue;
    symbols_.clear();
    for (const uint32_t symbol : series.symbols) symbols_.push_back(builder_.labels().symbol(texts.text(symbol)));
    const auto [number, made] = series_of_symbols();
    if (!made) continue;
    series_[number].published = true;
    has_inherited_ = true;
  }
}

void SeriesCache::take_metadata(exposition::TextParser& parser, bool is_help) {
  const std::string_view family = parser.family();
  uint32_t number = UINT32_MAX;
  // HELP and TYPE of one family follow one another, and families keep their order.
  for (size_t step = 0; step < 2 && number == UINT32_MAX; ++step) {
    const size_t place = family_place_ + step;
    if (place < families_.size() && families_[place].family == family) {
      number = static_cast<uint32_t>(place);
      family_place_ = place;
    }
  }
  if (number == UINT32_MAX) {
    const auto found = family_index_.find(family);
    if (found != family_index_.end()) {
      number = found->second;
    } else {
      number = static_cast<uint32_t>(families_.size());
      families_.push_back({std::string(family), {}, TARSIER_SERIES_UNKNOWN, scrape_});
      family_index_.emplace(families_.back().family, number);
    }
    family_place_ = number;
  }
  Metadata& known = families_[number];
  if (is_help) {
    if (parser.help().find('\\') == std::string_view::npos ? known.help == parser.help()
                                                           : known.help == exposition::unescape_help(parser.help()))
      return;
    known.help = exposition::unescape_help(parser.help());
  } else {
    if (known.type == parser.type()) return;
    known.type = parser.type();
  }
  family_changed_ |= known.since != scrape_;  // series before this line get it with the next scrape
}

/// Of the family that the line belongs to: that of its name, or of the histogram or summary that it is a part of.
const Metadata* SeriesCache::metadata_of(std::string_view text) const {
  size_t size = 0;
  while (size < text.size() && exposition::is_name_char(text[size])) ++size;
  std::string_view name = text.substr(0, size);
  if (size == 0 && text.size() > 2) name = text.substr(2, exposition::quoted_size(text.substr(1)) - 2);  // {"quoted.name",...}
  if (const auto found = family_index_.find(name); found != family_index_.end()) return &families_[found->second];
  for (const std::string_view part : {"_bucket", "_sum", "_count"}) {
    if (!name.ends_with(part)) continue;
    const auto found = family_index_.find(name.substr(0, name.size() - part.size()));
    if (found == family_index_.end()) continue;
    const Metadata& family = families_[found->second];
    if (family.type == TARSIER_SERIES_HISTOGRAM || family.type == TARSIER_SERIES_SUMMARY) return &family;
  }
  return nullptr;
}

void SeriesCache::write_stale(int64_t time_ns, bool all) {
  for (Series& series : series_) {
    if (!series.published || (!all && series.seen == scrape_)) continue;
    builder_.series_of_symbols(series.symbols);
    builder_.sample(time_ns, stale());
    series.published = false;
  }
  has_inherited_ = false;
}

void SeriesCache::write_report(std::string_view name, int64_t time_ns, double value) {
  report_.assign(1, {"__name__", name});
  report_.insert(report_.end(), options_.target_labels.begin(), options_.target_labels.end());
  builder_.series(report_);
  builder_.sample(time_ns, value);
}

/// Starts over when half of the lines are history (series that churn), keeping what still needs a staleness marker.
void SeriesCache::forget_unused() {
  constexpr size_t kSmallest = 256;
  if (lines_.size() < kSmallest || lines_.size() < 2 * order_.size() || has_inherited_) return;
  std::vector<std::string> kept;
  for (const Series& series : series_)
    if (series.published) kept.push_back(lines_[series.line].text);
  line_index_.clear();
  series_index_.clear();
  lines_.clear();
  series_.clear();
  order_.clear();
  builder_.clear(true);
  for (const std::string& text : kept) {
    auto line = make_line(text);
    if (!line) continue;  // cannot be: the same text was resolved before
    Series& series = series_[lines_[*line].series];
    series.published = true;
    series.stored = last_good_;
    order_.push_back(*line);
  }
}

}  // namespace tarsier::scrape
