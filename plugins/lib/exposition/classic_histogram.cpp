// Conversion by the rules of the original (util/convertnhcb).
#include "plugins/lib/exposition/classic_histogram.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "plugins/lib/exposition/number.hpp"
#include "plugins/lib/exposition/text_writer.hpp"

namespace tarsier::exposition {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr std::string_view kBound = "le";
constexpr uint32_t kMostEmpty = 2;  // buckets in a row that are cheaper than a span

bool is_integer(double count) noexcept { return count >= 0 && count < 9.2e18 && std::floor(count) == count; }

void write_key(std::string& key, std::string_view name, std::span<const LabelText> labels, bool with_bound) {
  std::vector<LabelText> sorted;
  for (const LabelText& label : labels)
    if (with_bound || label.name != kBound) sorted.push_back(label);
  std::ranges::sort(sorted, {}, &LabelText::name);
  key.clear();
  TextWriter::series(key, name, sorted);
}

}  // namespace

std::optional<HistogramPart> histogram_part(const SeriesText& series, std::string_view family, std::string& key) {
  using Kind = HistogramPart::Kind;
  const std::string_view name = series.name();
  if (!name.starts_with(family)) return std::nullopt;
  const std::string_view suffix = name.substr(family.size());
  HistogramPart part;
  if (suffix == "_bucket") {
    const auto bound = std::ranges::find(series.labels(), kBound, &LabelText::name);
    if (bound == series.labels().end() || !parse_number(bound->value, part.bound) || std::isnan(part.bound)) return std::nullopt;
  } else if (suffix == "_count" || suffix == "_sum") {
    part.kind = suffix == "_sum" ? Kind::sum : Kind::count;
  } else {
    return std::nullopt;
  }
  write_key(key, family, series.labels(), false);
  return part;
}

void series_key(const SeriesText& series, std::string& key) { write_key(key, series.name(), series.labels(), true); }

void ClassicHistogram::clear() {
  key_.clear();
  buckets_.clear();
  count_.reset();
  sum_ = 0;
  broken_ = has_timestamp_ = false;
  timestamp_ms_ = start_ms_ = 0;
  exemplars_.clear();
  texts_.clear();
}

void ClassicHistogram::begin(std::string_view key, int64_t start_ms) {
  clear();
  key_ = key;
  start_ms_ = start_ms;
}

void ClassicHistogram::add(const HistogramPart& part, double value) {
  switch (part.kind) {
    case HistogramPart::Kind::bucket:
      return add_bucket(part.bound, value);
    case HistogramPart::Kind::count:
      broken_ = broken_ || value < 0;
      count_ = value;
      return;
    case HistogramPart::Kind::sum:
      sum_ = value;
      return;
  }
}

/// Of a bound that comes twice the first counts.
void ClassicHistogram::add_bucket(double bound, double count) {
  const auto at = std::ranges::lower_bound(buckets_, bound, {}, &Bucket::bound);
  if (at != buckets_.end() && at->bound == bound) return;
  broken_ = broken_ || count < 0 || (at != buckets_.begin() && count < std::prev(at)->count) ||
            (at != buckets_.end() && count > at->count);
  buckets_.insert(at, {bound, count});
}

void ClassicHistogram::add_exemplar(std::span<const LabelText> labels, double value, bool has_timestamp, int64_t timestamp_ms) {
  if (!has_timestamp) return;
  Exemplar& exemplar = exemplars_.emplace_back();
  for (const LabelText& label : labels) {
    const std::string_view name = texts_.emplace_back(label.name);
    exemplar.labels.push_back({name, texts_.emplace_back(label.value)});
  }
  exemplar.value = value;
  exemplar.has_timestamp = true;
  exemplar.timestamp_ms = timestamp_ms;
}

bool ClassicHistogram::convert() {
  if (broken_) return false;
  if (!count_) count_ = buckets_.empty() ? 0 : buckets_.back().count;
  if (buckets_.empty() || buckets_.back().bound != kInfinity) buckets_.push_back({kInfinity, *count_});
  if (*count_ != buckets_.back().count || buckets_.size() > kMaxHistogramBuckets) return false;
  const bool integers = is_integer(*count_) && std::ranges::all_of(buckets_, is_integer, &Bucket::count);
  native_.clear();
  native_.schema = NativeHistogram::kCustomBuckets;
  native_.is_float = !integers;
  native_.count = *count_;
  native_.sum = sum_;
  write_buckets(integers);
  return check_histogram(native_).ok();
}

void ClassicHistogram::write_buckets(bool integers) {
  double before = 0;
  uint32_t empty = 0;
  for (const Bucket& bucket : buckets_) {
    if (bucket.bound != kInfinity) native_.custom_bounds.push_back(bucket.bound);
    const double count = bucket.count - before;
    before = bucket.count;
    if (count == 0) {
      ++empty;
      continue;
    }
    if (native_.positive_spans.empty() || empty > (integers ? kMostEmpty : 0)) {
      native_.positive_spans.push_back({static_cast<int32_t>(std::exchange(empty, 0)), 0});
    }
    native_.positive_spans.back().length += empty + 1;
    native_.positive_buckets.insert(native_.positive_buckets.end(), std::exchange(empty, 0), 0);
    native_.positive_buckets.push_back(count);
  }
}

}  // namespace tarsier::exposition
