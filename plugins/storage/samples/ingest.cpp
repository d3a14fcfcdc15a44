#include "ingest.hpp"

#include <algorithm>

#include "metric_family.hpp"
#include "tarsier/flat_set.hpp"

namespace tarsier::samples {
namespace {

constexpr uint64_t kNamedRefusals = 3;
constexpr int64_t kInOrderWindowNs = kHourNs;  // a series may lag this far behind the newest sample of all, in order
constexpr size_t kMaxHistogramBytes = 64 << 10;
constexpr size_t kMaxMetadataText = 4 << 10;  // of help and unit each

constexpr size_t kFlatLabelOverhead = 24;  // the most that a label's tags and lengths take
constexpr size_t kMostAliases = 1024;      // and two for each series

int64_t before(int64_t time, int64_t span) noexcept { return time < INT64_MIN + span ? INT64_MIN : time - span; }
int64_t after(int64_t time, int64_t span) noexcept { return time > INT64_MAX - span ? INT64_MAX : time + span; }

/// Cut between two characters of UTF-8.
bool cut_text(std::string& text) {
  if (text.size() <= kMaxMetadataText) return false;
  size_t end = kMaxMetadataText;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U) --end;
  text.resize(end);
  return true;
}

/// Without rows a series is named as its family; so is a native histogram.
bool is_of_numbers(const batch::SamplesView& samples, uint32_t set) {
  return !samples.times(set).empty() && (!samples.has_histograms() || samples.histogram(set, 0).empty());
}

}  // namespace

/// The rows of the batch with the look-ups of columns done once; histograms included.
class Ingest::Rows {
 public:
  explicit Rows(const batch::View& view)
      : samples(view),
        offsets(view.column<uint32_t>(TARSIER_COL_SAMPLE_OFFSETS)),
        times(view.column<int64_t>(TARSIER_COL_SAMPLE_TIMES)),
        values(view.column<double>(TARSIER_COL_SAMPLE_VALUES)),
        starts(view.column<int64_t>(TARSIER_COL_SAMPLE_STARTS)),
        histogram_offsets(view.column<uint32_t>(TARSIER_COL_HISTOGRAM_OFFSETS)),
        histogram_bytes(view.column<uint8_t>(TARSIER_COL_HISTOGRAM_BYTES)) {}

  Sample at(size_t row) const noexcept {
    Sample sample{.time = times[row], .value = values[row]};
    if (!starts.empty()) sample.start = starts[row];
    if (!histogram_offsets.empty()) {
      sample.histogram = histogram_bytes.subspan(histogram_offsets[row], histogram_offsets[row + 1] - histogram_offsets[row]);
    }
    return sample;
  }

  batch::SamplesView samples;
  std::span<const uint32_t> offsets;
  std::span<const int64_t> times;
  std::span<const double> values;
  std::span<const int64_t> starts;
  std::span<const uint32_t> histogram_offsets;
  std::span<const uint8_t> histogram_bytes;
};

struct Ingest::BatchSymbols {
  explicit BatchSymbols(size_t count) : hashes(count), numbers(count, kUnasked) {}
  static constexpr uint32_t kUnasked = kNoSymbol - 1;

  uint32_t find(const batch::Sets& sets, uint32_t symbol, const Symbols& known) {
    uint32_t& number = numbers[symbol];
    if (number != kUnasked) return number;
    hashes[symbol] = hash_text(sets.symbol(symbol));
    return number = known.find(sets.symbol(symbol), hashes[symbol]);
  }
  uint32_t intern(const batch::Sets& sets, uint32_t symbol, Symbols& known) {
    return numbers[symbol] = known.intern(sets.symbol(symbol), hashes[symbol]);
  }
  std::vector<uint64_t> hashes;
  std::vector<uint32_t> numbers;
};

void Ingest::note_refusal(const Limit& limit, const std::string& what, uint64_t samples) {
  static constexpr const char* kWhy[] = {"another value for a time that has one",
                                         "out of order and older than the window",
                                         "too far in the future",
                                         "limit of series reached",
                                         "limit of series of one metric reached",
                                         "limit of series of one job reached",
                                         "unusable labels",
                                         "unusable histogram"};
  std::atomic<uint64_t>* const counters[] = {
      &counters_.refused_conflict,     &counters_.refused_too_old,   &counters_.refused_future, &counters_.refused_series_limit,
      &counters_.refused_metric_limit, &counters_.refused_job_limit, &counters_.refused_labels, &counters_.refused_histogram};
  const auto index = static_cast<size_t>(limit.reason);
  counters[index]->fetch_add(samples, std::memory_order_relaxed);
  if (refused_.count < kNamedRefusals) {
    refused_.text.append(refused_.text.empty() ? "" : "; ").append(kWhy[index]);
    if (!limit.detail.empty()) refused_.text.append(" (").append(limit.detail).append(")");
    refused_.text.append(": ").append(what);
  }
  refused_.count += samples;
}

void Ingest::refuse(Refusal reason, uint32_t series, int64_t time) { refuse(Limit{reason, {}}, series, time); }

void Ingest::refuse(const Limit& limit, uint32_t series, int64_t time) {
  std::string what;
  if (refused_.count < kNamedRefusals) {
    std::vector<Label> labels;
    head_.table().labels(series, labels);
    what = to_text(labels) + " at " + std::to_string(time / kMillisecond) + " ms";
  }
  note_refusal(limit, what, 1);
}

void Ingest::refuse_set(const Limit& limit, Labels labels, uint32_t set, const Rows& rows) {
  std::string what;
  if (refused_.count < kNamedRefusals) {
    if (limit.reason == Refusal::metric_limit) what = "\"" + std::string(label_value(labels, kMetricName)) + "\" ";
    if (limit.reason == Refusal::job_limit) what = "\"" + std::string(label_value(labels, kJobName)) + "\" ";
    what += to_text(labels);
  }
  note_refusal(limit, what, rows.offsets[set + 1] - rows.offsets[set]);
}

/// True when no series can have such labels, and why.
bool Ingest::unusable(Labels labels, Limit& limit) const {
  size_t text_bytes = 0;
  for (const auto& [name, value] : labels) text_bytes += name.size() + value.size();
  const auto too_much = [&](size_t found, const char* of_what, const char* key, uint64_t most) {
    limit = {Refusal::labels, std::to_string(found) + of_what + ", " + key + " = " + std::to_string(most)};
    return true;
  };
  if (labels.size() > options_.max_labels) return too_much(labels.size(), " labels", "max_labels", options_.max_labels);
  if (text_bytes > options_.max_label_bytes)
    return too_much(text_bytes, " bytes of labels", "max_label_size", options_.max_label_bytes);
  limit = {Refusal::labels, "none that has a value"};
  return labels.empty();
}

/// True when no new series with such labels may be made, and why. Series that ended are to make room then.
bool Ingest::limited(Labels labels, Limit& limit) {
  if (unusable(labels, limit)) return true;
  const SeriesTable& table = head_.table();
  const auto met = [&](Refusal reason, const char* key, uint64_t most, uint64_t series) {
    if (most == 0 || series < most) return false;
    limit = {reason, std::string(key) + " = " + std::to_string(most)};
    head_.want_room();
    return true;
  };
  const auto count = [&](std::string_view name) { return table.series_count(name, label_value(labels, name)); };
  return met(Refusal::series_limit, "max_series", options_.max_series, table.size()) ||
         (options_.max_series_per_metric != 0 &&
          met(Refusal::metric_limit, "max_series_per_metric", options_.max_series_per_metric, count(kMetricName))) ||
         (options_.max_series_per_job != 0 &&
          met(Refusal::job_limit, "max_series_per_job", options_.max_series_per_job, count(kJobName)));
}

/// The series of a label set of symbols; a new one is made unless a limit forbids it.
uint32_t Ingest::resolve_set(const batch::Sets& sets, uint32_t set, BatchSymbols& symbols, Limit& limit) {
  SeriesTable& table = head_.table();
  pairs_.clear();
  uint64_t hash = kLabelHashSeed;
  bool known = true;
  const auto batch_pairs = sets.pairs(set);
  for (size_t i = 0; i < batch_pairs.size(); i += 2) {
    const std::string_view value = sets.symbol(batch_pairs[i + 1]);
    if (value.empty()) continue;
    const uint32_t name_number = symbols.find(sets, batch_pairs[i], table.symbols());
    const uint32_t value_number = symbols.find(sets, batch_pairs[i + 1], table.symbols());
    known = known && name_number != kNoSymbol && value_number != kNoSymbol;
    hash = fold_hash(hash, symbols.hashes[batch_pairs[i]], symbols.hashes[batch_pairs[i + 1]]);
    pairs_.push_back(batch_pairs[i]);
    pairs_.push_back(batch_pairs[i + 1]);
  }
  const std::vector<uint32_t>& numbers = symbols.numbers;
  if (known && !pairs_.empty()) {
    for (uint32_t& symbol : pairs_) symbol = numbers[symbol];
    const uint32_t found = table.find(hash, pairs_);
    if (found != kNoSeries) return found;
  }
  labels_.clear();
  for (uint32_t pair = 0; pair < sets.size(set); ++pair) {
    if (!sets.value(set, pair).empty()) labels_.emplace_back(sets.name(set, pair), sets.value(set, pair));
  }
  if (limited(labels_, limit)) return kNoSeries;
  if (!known) {
    for (uint32_t& symbol : pairs_)
      symbol = numbers[symbol] == kNoSymbol ? symbols.intern(sets, symbol, table.symbols()) : numbers[symbol];
  }
  return table.add(hash, head_.next_ref(), pairs_);
}

/// A batch whose sets all came before, as those of a page mostly did, costs one hash.
void Ingest::resolve(const batch::View& batch, const Rows& rows) {
  SeriesTable& table = head_.table();
  const BatchKey key = batch_key(batch);
  if (const auto known = table.batches().find(key); !known.empty()) {
    series_.assign(known.begin(), known.end());
    return;
  }
  resolve_sets(rows.samples.labels(), rows);
  if (std::find(series_.begin(), series_.end(), kNoSeries) == series_.end())
    table.batches().add(key, series_, kMostAliases + size_t{table.size()} * 2);
}

void Ingest::resolve_sets(const batch::Sets& sets, const Rows& rows) {
  BatchSymbols symbols(batch_symbols_);
  series_.clear();
  for (uint32_t set = 0; set < rows.samples.series_count(); ++set) {
    Limit limit;
    const bool has_rows = rows.offsets[set] != rows.offsets[set + 1];  // without: it only tells of metadata
    series_.push_back(has_rows ? resolve_set(sets, set, symbols, limit) : kNoSeries);
    if (series_.back() != kNoSeries || !has_rows) continue;
    refuse_set(limit, labels_, set, rows);
  }
}

/// The series of decoded labels; a new one is made unless a limit forbids it.
uint32_t Ingest::resolve_labels(Labels labels, Limit& limit) {
  SeriesTable& table = head_.table();
  const uint32_t found = table.find(labels, numbers_);
  if (found != kNoSeries) return found;
  return limited(labels, limit) ? kNoSeries : table.add(labels, numbers_, head_.next_ref());
}

/// Sets that were seen before cost one hash and one look-up each; memory is asked for ahead of its use.
void Ingest::resolve_flat(const Rows& rows) {
  SeriesTable& table = head_.table();
  const uint32_t count = rows.samples.series_count();
  hashes_.resize(count);
  for (uint32_t set = 0; set < count; ++set) {
    hashes_[set] = hash_set(rows.samples.flat_set(set));
    table.aliases().prefetch(hashes_[set]);
  }
  series_.resize(count);
  for (uint32_t set = 0; set < count; ++set) {
    series_[set] = table.aliases().find(hashes_[set]);
    if (series_[set] != kNoSeries) table.prefetch(series_[set]);
  }
  for (uint32_t set = 0; set < count; ++set) {
    if (series_[set] != kNoSeries) continue;
    Limit limit;
    labels_.clear();
    const auto bytes = rows.samples.flat_set(set);
    const bool small = bytes.size() <= options_.max_label_bytes + options_.max_labels * kFlatLabelOverhead;
    if (!small) {  // they are not even read
      limit.detail =
          std::to_string(bytes.size()) + " bytes of labels, max_label_size = " + std::to_string(options_.max_label_bytes);
    } else if (auto decoded = decode_flat_set(bytes, labels_); decoded) {
      series_[set] = resolve_labels(labels_, limit);
    } else {
      limit.detail = decoded.error().message();
      labels_.clear();  // of which some may be no text
    }
    if (series_[set] == kNoSeries) {
      refuse_set(limit, labels_, set, rows);
    } else if (table.aliases().find(hashes_[set]) == SetAliases::kNone) {
      table.aliases().add(hashes_[set], series_[set], kMostAliases + size_t{table.size()} * 2);
    }
  }
}

/// What Prometheus answers: a sample that is not newer than its series' newest must lie within the window, one in order may lag an
/// hour.
Ingest::TimeLimits Ingest::time_limits(int64_t now_ns) const {
  TimeLimits limits;
  if (options_.future_limit_ns != 0) limits.latest = after(now_ns, options_.future_limit_ns);
  // A sample ahead of the clock is one series' matter, and does not make those of the others old.
  const int64_t newest = std::min(head_.max_time(), now_ns);
  if (newest == INT64_MIN) return limits;
  limits.in_order = before(newest, std::max(options_.out_of_order_window_ns, kInOrderWindowNs));
  limits.out_of_order = before(newest, options_.out_of_order_window_ns);
  // The retention would remove it at once, where no tier takes its sum first.
  if (options_.retention_ns == 0 || !options_.tiers.empty()) return limits;
  const int64_t kept = before(newest, options_.retention_ns);
  limits.in_order = std::max(limits.in_order, kept);
  limits.out_of_order = std::max(limits.out_of_order, kept);
  return limits;
}

bool Ingest::insert_row(Series& series, uint32_t id, const Sample& sample) {
  switch (head_.insert(series, sample)) {
    case Inserted::appended:
      ++appended_;
      return true;
    case Inserted::out_of_order:
      ++appended_, ++out_of_order_;
      return true;
    case Inserted::duplicate:
      ++duplicates_;
      return true;
    case Inserted::conflict:
      refuse(Refusal::conflict, id, sample.time);
      return false;
  }
  return false;
}

bool Ingest::admit_row(Series& series, uint32_t id, const Sample& sample, const TimeLimits& limits, bool insert) {
  const int64_t newest = series.chunks.newest();
  const int64_t earliest = sample.time > newest ? limits.in_order : limits.out_of_order;
  if (sample.time > limits.latest) return refuse(Refusal::future, id, sample.time), false;
  if (sample.time < earliest && sample.time != newest) return refuse(Refusal::too_old, id, sample.time), false;
  if (sample.histogram.size() > kMaxHistogramBytes) {
    const std::string size = std::to_string(sample.histogram.size());
    return refuse({Refusal::histogram, size + " bytes, at most " + std::to_string(kMaxHistogramBytes)}, id, sample.time), false;
  }
  return !insert || insert_row(series, id, sample);
}

/// Series lie all over the memory. What the next ones need is asked for while this one is worked on.
void Ingest::prefetch_after(uint32_t set) {
  constexpr uint32_t kSeriesAhead = 16, kChunkAhead = 8;
  const SeriesTable& table = head_.table();
  const auto at = [&](size_t ahead) { return set + ahead < series_.size() ? series_[set + ahead] : kNoSeries; };
  if (const uint32_t series = at(kSeriesAhead); series != kNoSeries) table.prefetch(series);
  if (const uint32_t series = at(kChunkAhead); series != kNoSeries) table[series].chunks.prefetch_end();
}

/// One pass over the rows: checked, inserted into the head and put into the journal's entry.
void Ingest::admit(const Rows& rows, const TimeLimits& limits, bool insert) {
  SeriesTable& table = head_.table();
  const uint64_t sequence = journal_.next_sequence();
  const uint64_t committed = journal_.committed();
  keep_.assign(insert ? 0 : rows.times.size(), 0);
  for (uint32_t set = 0; set < series_.size(); ++set) {
    prefetch_after(set);
    const uint32_t id = series_[set];
    if (id == kNoSeries) continue;
    Series& series = table[id];
    bool begun = false;
    for (size_t row = rows.offsets[set]; row < rows.offsets[set + 1]; ++row) {
      const Sample sample = rows.at(row);
      if (!admit_row(series, id, sample, limits, insert)) continue;
      if (!begun) {
        begun = true;
        define(series, id, sequence, committed);
        samples_record_.begin(series.ref);
      }
      samples_record_.add(sample);
      if (!insert) keep_[row] = 1;
    }
  }
}

void Ingest::insert_kept(const Rows& rows) {
  for (uint32_t set = 0; set < series_.size(); ++set) {
    if (series_[set] == kNoSeries) continue;
    Series& series = head_.table()[series_[set]];
    for (size_t row = rows.offsets[set]; row < rows.offsets[set + 1]; ++row) {
      if (keep_[row] != 0) (void)insert_row(series, series_[set], rows.at(row));
    }
  }
}

/// "" when there is none, or the labels are unusable.
std::string_view Ingest::metric_of(const batch::SamplesView& samples, uint32_t set) {
  if (samples.has_flat_sets()) return decode_flat_set(samples.flat_set(set), labels_) ? label_value(labels_, kMetricName) : "";
  const batch::Sets& sets = samples.labels();
  for (uint32_t pair = 0; pair < sets.size(set); ++pair) {
    if (sets.name(set, pair) == kMetricName) return sets.value(set, pair);
  }
  return "";
}

void Ingest::note_metadata(const batch::SamplesView& samples) {
  if (!samples.has_metadata()) return;
  std::string_view last;
  for (uint32_t set = 0; set < samples.series_count(); ++set) {
    Metadata metadata{.type = samples.type(set), .help = std::string(samples.help(set)), .unit = std::string(samples.unit(set))};
    if (metadata == Metadata{}) continue;
    std::string_view metric = metric_of(samples, set);
    if (const uint32_t tail = samples.name_tail(set); tail != 0 && tail < metric.size()) {
      metric.remove_suffix(tail);
    } else if (is_of_numbers(samples, set)) {
      metric = family_of(metric, metadata.type);
    }
    if (metric.empty() || metric == last || metric.size() > options_.max_label_bytes) continue;
    last = metric;
    const bool cut_help = cut_text(metadata.help), cut_unit = cut_text(metadata.unit);
    if (cut_help || cut_unit) counters_.cut_metadata.fetch_add(1, std::memory_order_relaxed);
    const MetadataTable::Noted noted = metadata_.set(metric, metadata);
    if (noted == MetadataTable::Noted::news) encode_metadata(metric, metadata, entry_.metadata);
    if (noted == MetadataTable::Noted::no_room) counters_.dropped_metadata.fetch_add(1, std::memory_order_relaxed);
  }
}

/// Until an entry that defines a series is committed, every entry that uses the series defines it.
void Ingest::define(Series& series, uint32_t id, uint64_t sequence, uint64_t committed) {
  if (series.defined_in != 0 && series.defined_in <= committed) return;
  if (series.defined_in == 0) series.defined_in = sequence;
  const SeriesTable& table = head_.table();
  series_record_.add(series.ref, table.pairs(id), table.symbols());
}

void Ingest::finish_entry() {
  if (!samples_record_.empty()) samples_record_.encode(entry_.samples);
  if (!series_record_.empty()) series_record_.encode(entry_.series);
  if (metadata_unsaved_.exchange(false)) {
    entry_.metadata.clear();
    metadata_.encode(entry_.metadata);
  }
}

/// Nothing of the entry is on the disk.
void Ingest::commit_failed(bool had_metadata) {
  counters_.commit_failures.fetch_add(1, std::memory_order_relaxed);
  if (had_metadata) metadata_unsaved_ = true;
}

void Ingest::undo_definitions(uint64_t sequence) {
  SeriesTable& table = head_.table();
  for (uint32_t id = 0; id < table.size(); ++id) {
    if (table[id].defined_in == sequence) table[id].defined_in = 0;
  }
}

void Ingest::count_rows() {
  head_.count_inserted();
  counters_.appended.fetch_add(std::exchange(appended_, 0), std::memory_order_relaxed);
  counters_.out_of_order.fetch_add(std::exchange(out_of_order_, 0), std::memory_order_relaxed);
  counters_.duplicates.fetch_add(std::exchange(duplicates_, 0), std::memory_order_relaxed);
}

/// "3 of 500 samples and 1 of 5 exemplars refused: ...": who published the batch may read the numbers.
Result<void> Ingest::outcome(uint64_t samples) const {
  const ExemplarIngest::Refused& exemplars = exemplars_.refused();
  if (refused_.count == 0 && exemplars.count == 0) return {};
  std::string counts, texts;
  const auto add = [&](uint64_t refused, uint64_t all, std::string_view what, const std::string& text) {
    if (refused == 0) return;
    counts.append(counts.empty() ? "" : " and ")
        .append(std::to_string(refused))
        .append(" of ")
        .append(std::to_string(all))
        .append(what);
    texts.append(texts.empty() ? "" : "; ").append(text).append(refused > kNamedRefusals ? " (and more)" : "");
  };
  add(refused_.count, samples, " samples", refused_.text);
  add(exemplars.count, exemplars_.count(), " exemplars", exemplars.text);
  return Error{TARSIER_INVALID, counts + " refused: " + texts};
}

void Ingest::take(const batch::View& batch, int64_t now_ns, Done done, bool unhurried) {
  const Rows rows(batch);
  batch_symbols_ = batch.count(TARSIER_COUNT_SYMBOLS);
  entry_ = {};
  refused_ = {};
  for (const uint64_t sequence : journal_.take_failed()) undo_definitions(sequence);
  const bool journal_first = journal_.failing();
  const TimeLimits limits = time_limits(now_ns);
  {
    const auto lock = head_.lock_for_writing();
    head_.table().ages().note(now_ns, head_.table().size());
    if (rows.samples.has_flat_sets()) {
      resolve_flat(rows);
    } else {
      resolve(batch, rows);
    }
    note_metadata(rows.samples);
    admit(rows, limits, !journal_first);
    count_rows();
  }
  exemplars_.take(batch, rows.samples, limits.latest, !journal_first, entry_.exemplars);
  finish_entry();
  const size_t samples = rows.times.size();
  if (entry_.empty()) return done(outcome(samples));
  const uint64_t sequence = journal_.next_sequence();
  const bool had_metadata = !entry_.metadata.empty();
  if (journal_first) {
    if (auto written = journal_.write_wait(entry_); !written) {
      undo_definitions(sequence);
      commit_failed(had_metadata);
      return done(std::move(written));
    }
    const auto lock = head_.lock_for_writing();
    insert_kept(rows);
    count_rows();
    auto inserted = exemplars_.insert(entry_.exemplars);
    return done(inserted ? outcome(samples) : std::move(inserted));
  }
  auto shared = std::make_shared<Done>(std::move(done));
  const auto committed = [shared, refused = outcome(samples), had_metadata, this](const Result<void>& written) {
    if (!written) commit_failed(had_metadata);
    (*shared)(written ? refused : written);
  };
  auto accepted = journal_.write(entry_, committed, unhurried);
  if (accepted) return;
  undo_definitions(sequence);
  commit_failed(had_metadata);
  (*shared)(std::move(accepted));
}

}  // namespace tarsier::samples
