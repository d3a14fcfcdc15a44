#include "tests/conformance/memory_store.hpp"

#include <algorithm>
#include <memory>
#include <re2/re2.h>
#include <set>
#include <span>
#include <thread>

#include "tarsier/histogram.hpp"
#include "tarsier/result.hpp"

namespace tarsier::test {
namespace {

/// Matchers with their regular expressions compiled.
class Matchers {
 public:
  explicit Matchers(const tarsier_select& select) : matchers_(select.matchers, select.matchers + select.matcher_count) {
    RE2::Options options;
    options.set_dot_nl(true);
    for (const tarsier_matcher& matcher : matchers_)
      regexes_.push_back(std::make_unique<RE2>(std::string(view(matcher.value)), options));
  }
  bool match(const MemoryStore::LabelSet& labels) const {
    for (size_t i = 0; i < matchers_.size(); ++i) {
      std::string_view value;
      for (const auto& [name, text] : labels)
        if (name == view(matchers_[i].name)) value = text;
      const bool is_regex = matchers_[i].op == TARSIER_MATCH_REGEX || matchers_[i].op == TARSIER_MATCH_NOT_REGEX;
      const bool negative = matchers_[i].op == TARSIER_MATCH_NOT_EQUAL || matchers_[i].op == TARSIER_MATCH_NOT_REGEX;
      const bool same =
          is_regex ? RE2::FullMatch(re2::StringPiece(value.data(), value.size()), *regexes_[i]) : value == view(matchers_[i].value);
      if (same == negative) return false;
    }
    return true;
  }

 private:
  std::vector<tarsier_matcher> matchers_;
  std::vector<std::unique_ptr<RE2>> regexes_;
};

std::vector<tarsier_pair> pairs_of(const MemoryStore::LabelSet& labels) {
  std::vector<tarsier_pair> pairs;
  for (const auto& [name, value] : labels) pairs.push_back({str(name), str(value)});
  return pairs;
}

/// The histograms of some samples as a tarsier_series has them.
class HistogramColumns {
 public:
  explicit HistogramColumns(std::span<const std::vector<uint8_t>> histograms) {
    for (const auto& one : histograms) {
      bytes_.insert(bytes_.end(), one.begin(), one.end());
      offsets_.push_back(static_cast<uint32_t>(bytes_.size()));
    }
  }
  bool any() const noexcept { return !bytes_.empty(); }
  const uint32_t* offsets() const noexcept { return offsets_.data(); }
  const uint8_t* bytes() const noexcept { return bytes_.data(); }

 private:
  std::vector<uint32_t> offsets_{0};
  std::vector<uint8_t> bytes_;
};

}  // namespace

MemoryStore::MemoryStore() {
  table_.size = sizeof(table_);
  table_.self = this;
  table_.select = select;
  table_.series = series;
  table_.label_names = label_names;
  table_.label_values = label_values;
  table_.metadata = metadata;
  table_.stat = stat;
}

MemoryStore::Samples& MemoryStore::samples_of(LabelSet labels) {
  if (series_.empty()) index_.clear();
  const auto [entry, is_new] = index_.try_emplace(labels, series_.size());
  if (is_new) series_.emplace_back(std::move(labels), Samples{});
  return series_[entry->second].second;
}

void MemoryStore::add(LabelSet labels, int64_t time_ns, double value, int64_t start_ns) {
  Samples& samples = samples_of(std::move(labels));
  samples.has_starts = samples.has_starts || start_ns != 0;
  samples.last.reset();
  const auto at = std::lower_bound(samples.times_ns.begin(), samples.times_ns.end(), time_ns);
  const auto offset = at - samples.times_ns.begin();
  if (at != samples.times_ns.end() && *at == time_ns) {
    samples.values[static_cast<size_t>(offset)] = value;
    return;
  }
  samples.times_ns.insert(at, time_ns);
  samples.values.insert(samples.values.begin() + offset, value);
  samples.starts_ns.insert(samples.starts_ns.begin() + offset, start_ns);
  samples.histograms.insert(samples.histograms.begin() + offset, std::vector<uint8_t>{});
}

void MemoryStore::add(LabelSet labels, int64_t time_ns, promql::FloatHistogram histogram, int64_t start_ns) {
  Samples& samples = samples_of(std::move(labels));
  if (histogram.counter_reset != CounterReset::gauge) {
    const auto& last = samples.last;
    const bool follows = histogram.counter_reset != CounterReset::yes && last && last->counter_reset != CounterReset::gauge &&
                         last->schema == histogram.schema && last->zero_threshold == histogram.zero_threshold &&
                         last->bounds == histogram.bounds;
    histogram.counter_reset = CounterReset::unknown;
    if (follows && !detect_reset(histogram, *last)) histogram.counter_reset = CounterReset::no;
  }
  samples.times_ns.push_back(time_ns);
  samples.values.push_back(histogram.sum);
  samples.starts_ns.push_back(start_ns);
  samples.has_starts = samples.has_starts || start_ns != 0;
  encode_histogram(to_native(histogram), samples.histograms.emplace_back());
  samples.last = std::move(histogram);
}

void MemoryStore::add_metadata(std::string name, uint32_t type, std::string help, std::string unit) {
  metadata_.push_back({std::move(name), type, std::move(help), std::move(unit)});
}

std::vector<MemoryStore::Found> MemoryStore::find(const tarsier_select& request) const {
  const Matchers matchers(request);
  std::vector<Found> found;
  for (size_t i = 0; i < series_.size(); ++i) {
    const auto& [labels, samples] = series_[i];
    const auto& times = samples.times_ns;
    const auto first = std::lower_bound(times.begin(), times.end(), request.start_ns);
    const auto last = std::upper_bound(first, times.end(), request.end_ns);
    if (first == last || !matchers.match(labels)) continue;
    found.push_back({i + 1, &labels, &samples, static_cast<size_t>(first - times.begin()), static_cast<size_t>(last - first)});
  }
  return found;
}

tarsier_status MemoryStore::select(void* self, const tarsier_select* request, void* user,
                                   int32_t (*on_series)(void*, const tarsier_series*), tarsier_error* error) {
  const auto& store = *static_cast<const MemoryStore*>(self);
  const std::vector<Found> found = store.find(*request);
  if (request->max_series != 0 && found.size() > request->max_series)
    return Error(TARSIER_RESOURCE, "more than " + std::to_string(request->max_series) + " series").to_c(error);
  const auto deliver = [&](size_t from, size_t step) {
    for (size_t i = from; i < found.size(); i += step) {
      const std::vector<tarsier_pair> labels = pairs_of(*found[i].labels);
      tarsier_series series{};
      series.size = sizeof(series);
      series.label_count = static_cast<uint32_t>(labels.size());
      series.labels = labels.data();
      series.series_id = found[i].id;
      series.run = store.threads_ == 1 ? i / 2 : i;  // short ones, so that scripts of few series have several
      series.sample_count = found[i].count;
      series.times_ns = found[i].samples->times_ns.data() + found[i].first;
      series.values = found[i].samples->values.data() + found[i].first;
      if (found[i].samples->has_starts) series.starts_ns = found[i].samples->starts_ns.data() + found[i].first;
      const HistogramColumns histograms(std::span(found[i].samples->histograms).subspan(found[i].first, found[i].count));
      if (histograms.any()) {
        series.histogram_offsets = histograms.offsets();
        series.histogram_bytes = histograms.bytes();
      }
      if (on_series(user, &series) == 0) return;
    }
  };
  std::vector<std::thread> helpers;
  for (size_t i = 1; i < store.threads_; ++i) helpers.emplace_back(deliver, i, store.threads_);
  deliver(0, store.threads_);
  for (std::thread& helper : helpers) helper.join();
  return TARSIER_OK;
}

tarsier_status MemoryStore::series(void* self, const tarsier_select* request, uint64_t limit, void* user,
                                   int32_t (*on_series)(void*, const tarsier_series*), tarsier_error*) {
  uint64_t given = 0;
  for (const Found& found : static_cast<const MemoryStore*>(self)->find(*request)) {
    if (limit != 0 && given++ == limit) break;
    const std::vector<tarsier_pair> labels = pairs_of(*found.labels);
    tarsier_series series{};
    series.size = sizeof(series);
    series.label_count = static_cast<uint32_t>(labels.size());
    series.labels = labels.data();
    series.series_id = found.id;
    if (on_series(user, &series) == 0) break;
  }
  return TARSIER_OK;
}

tarsier_status MemoryStore::label_names(void* self, const tarsier_select* request, uint64_t limit, void* user,
                                        void (*each)(void*, tarsier_str), tarsier_error*) {
  std::set<std::string> names;
  for (const Found& found : static_cast<const MemoryStore*>(self)->find(*request))
    for (const auto& [name, value] : *found.labels) names.insert(name);
  uint64_t given = 0;
  for (const std::string& name : names)
    if (limit == 0 || given++ < limit) each(user, str(name));
  return TARSIER_OK;
}

tarsier_status MemoryStore::label_values(void* self, tarsier_str wanted, const tarsier_select* request, uint64_t limit, void* user,
                                         void (*each)(void*, tarsier_str), tarsier_error*) {
  std::set<std::string> values;
  for (const Found& found : static_cast<const MemoryStore*>(self)->find(*request))
    for (const auto& [name, value] : *found.labels)
      if (name == view(wanted)) values.insert(value);
  uint64_t given = 0;
  for (const std::string& value : values)
    if (limit == 0 || given++ < limit) each(user, str(value));
  return TARSIER_OK;
}

tarsier_status MemoryStore::metadata(void* self, tarsier_str metric, uint64_t limit, void* user,
                                     void (*each)(void*, const tarsier_metadata*), tarsier_error*) {
  uint64_t given = 0;
  for (const Metadata& entry : static_cast<const MemoryStore*>(self)->metadata_) {
    if (metric.size != 0 && entry.name != view(metric)) continue;
    if (limit != 0 && given++ == limit) break;
    const tarsier_metadata out = {sizeof(tarsier_metadata), entry.type, str(entry.name), str(entry.help), str(entry.unit)};
    each(user, &out);
  }
  return TARSIER_OK;
}

tarsier_status MemoryStore::stat(void* self, tarsier_store_stat* out, tarsier_error*) {
  const auto& store = *static_cast<const MemoryStore*>(self);
  *out = {};
  out->size = sizeof(*out);
  out->series = store.series_.size();
  for (const auto& [labels, samples] : store.series_) {
    out->samples += samples.values.size();
    if (samples.times_ns.empty()) continue;
    out->min_time_ns = out->min_time_ns == 0 ? samples.times_ns.front() : std::min(out->min_time_ns, samples.times_ns.front());
    out->max_time_ns = std::max(out->max_time_ns, samples.times_ns.back());
  }
  return TARSIER_OK;
}

}  // namespace tarsier::test
