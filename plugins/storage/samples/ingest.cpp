#include "ingest.hpp"

namespace tarsier::samples {
namespace {

constexpr uint64_t kNamedRefusals = 3;
constexpr int64_t kInOrderWindowNs = kHourNs;  // a series may lag this far behind the newest sample of all, in order
constexpr size_t kMaxHistogramBytes = 64 << 10;

int64_t before(int64_t time, int64_t span) noexcept { return time < INT64_MIN + span ? INT64_MIN : time - span; }

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

void Ingest::note_refusal(Refusal reason, const std::string& what, uint64_t samples) {
  static constexpr const char* kWhy[] = {"another value for a time that has one", "out of order and older than the window",
                                         "too far in the future", "limit of series reached", "unusable labels or histogram"};
  std::atomic<uint64_t>* const counters[] = {&counters_.refused_conflict, &counters_.refused_too_old, &counters_.refused_future,
                                             &counters_.refused_series_limit, &counters_.refused_labels};
  const auto index = static_cast<size_t>(reason);
  counters[index]->fetch_add(samples, std::memory_order_relaxed);
  if (refused_.count < kNamedRefusals)
    refused_.text.append(refused_.text.empty() ? "" : "; ").append(kWhy[index]).append(": ").append(what);
  refused_.count += samples;
}

void Ingest::refuse(Refusal reason, uint32_t series, int64_t time, uint64_t samples) {
  std::string what;
  if (refused_.count < kNamedRefusals) {
    std::vector<Label> labels;
    head_.table().labels(series, labels);
    what = to_text(labels) + " at " + std::to_string(time / kMillisecond) + " ms";
  }
  note_refusal(reason, what, samples);
}

/// The series of a label set; a new one is made unless a limit forbids it.
uint32_t Ingest::resolve_series(const batch::Sets& sets, uint32_t set, BatchSymbols& symbols, Refusal& refusal) {
  SeriesTable& table = head_.table();
  pairs_.clear();
  uint64_t hash = kLabelHashSeed;
  bool known = true;
  uint64_t text_bytes = 0;
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
    text_bytes += sets.symbol(batch_pairs[i]).size() + value.size();
  }
  const std::vector<uint32_t>& numbers = symbols.numbers;
  if (known && !pairs_.empty()) {
    for (uint32_t& symbol : pairs_) symbol = numbers[symbol];
    const uint32_t found = table.find(hash, pairs_);
    if (found != kNoSeries) return found;
  }
  refusal = Refusal::labels;
  if (pairs_.empty() || pairs_.size() / 2 > options_.max_labels || text_bytes > options_.max_label_bytes) return kNoSeries;
  refusal = Refusal::series_limit;
  if (options_.max_series != 0 && table.size() >= options_.max_series) return kNoSeries;
  if (!known) {
    for (uint32_t& symbol : pairs_)
      symbol = numbers[symbol] == kNoSymbol ? symbols.intern(sets, symbol, table.symbols()) : numbers[symbol];
  }
  return table.add(hash, head_.next_ref(), pairs_);
}

void Ingest::resolve(const batch::Sets& sets, Rows& rows) {
  BatchSymbols symbols(batch_symbols_);
  series_.clear();
  for (uint32_t set = 0; set < rows.samples.series_count(); ++set) {
    Refusal refusal = Refusal::labels;
    const uint32_t series = resolve_series(sets, set, symbols, refusal);
    series_.push_back(series);
    if (series != kNoSeries) continue;
    std::vector<Label> labels;
    for (uint32_t pair = 0; refused_.count < kNamedRefusals && pair < sets.size(set); ++pair) {
      labels.emplace_back(sets.name(set, pair), sets.value(set, pair));
    }
    const uint64_t samples = rows.offsets[set + 1] - rows.offsets[set];
    note_refusal(refusal, to_text(labels), samples);
    std::fill_n(keep_.begin() + rows.offsets[set], samples, uint8_t{0});
  }
}

/// What Prometheus answers: a sample that is not newer than its series' newest must lie within the window, one in order may lag an
/// hour.
bool Ingest::time_refused(const Series* series, int64_t time, int64_t now_ns, Refusal& refusal) const {
  if (options_.future_limit_ns != 0 && time > now_ns && time - now_ns > options_.future_limit_ns) {
    refusal = Refusal::future;
    return true;
  }
  refusal = Refusal::too_old;
  const int64_t newest = head_.max_time();
  if (newest == INT64_MIN) return false;
  const bool in_order = series->chunks.empty() || time > series->chunks.max_time();
  if (!in_order && time == series->chunks.max_time()) return false;
  const int64_t window = in_order ? std::max(options_.out_of_order_window_ns, kInOrderWindowNs) : options_.out_of_order_window_ns;
  return time < before(newest, window);
}

void Ingest::check_times(const Rows& rows, int64_t now_ns) {
  for (uint32_t set = 0; set < series_.size(); ++set) {
    if (series_[set] == kNoSeries) continue;
    const Series& series = head_.table()[series_[set]];
    for (size_t row = rows.offsets[set]; row < rows.offsets[set + 1]; ++row) {
      Refusal refusal = Refusal::labels;
      const bool large = !rows.histogram_offsets.empty() && rows.at(row).histogram.size() > kMaxHistogramBytes;
      if (!large && !time_refused(&series, rows.times[row], now_ns, refusal)) continue;
      keep_[row] = 0;
      refuse(refusal, series_[set], rows.times[row], 1);
    }
  }
}

void Ingest::insert(const Rows& rows) {
  uint64_t appended = 0, out_of_order = 0, duplicates = 0;
  for (uint32_t set = 0; set < series_.size(); ++set) {
    if (series_[set] == kNoSeries) continue;
    Series& series = head_.table()[series_[set]];
    for (size_t row = rows.offsets[set]; row < rows.offsets[set + 1]; ++row) {
      if (keep_[row] == 0) continue;
      switch (head_.insert(series, rows.at(row))) {
        case Inserted::appended:
          ++appended;
          break;
        case Inserted::out_of_order:
          ++appended, ++out_of_order;
          break;
        case Inserted::duplicate:
          ++duplicates;
          break;
        case Inserted::conflict:
          keep_[row] = 0;
          refuse(Refusal::conflict, series_[set], rows.times[row], 1);
          break;
      }
    }
  }
  counters_.appended.fetch_add(appended, std::memory_order_relaxed);
  counters_.out_of_order.fetch_add(out_of_order, std::memory_order_relaxed);
  counters_.duplicates.fetch_add(duplicates, std::memory_order_relaxed);
}

void Ingest::note_metadata(const batch::SamplesView& samples) {
  if (!samples.has_metadata()) return;
  const batch::Sets& sets = samples.labels();
  std::string_view last;
  for (uint32_t set = 0; set < samples.series_count(); ++set) {
    if (series_[set] == kNoSeries) continue;
    std::string_view metric;
    for (uint32_t pair = 0; pair < sets.size(set) && metric.empty(); ++pair) {
      if (sets.name(set, pair) == kMetricName) metric = sets.value(set, pair);
    }
    if (metric.empty() || metric == last) continue;
    last = metric;
    Metadata metadata{.type = samples.type(set), .help = std::string(samples.help(set)), .unit = std::string(samples.unit(set))};
    if (metadata == Metadata{}) continue;
    if (metadata_.set(metric, metadata)) encode_metadata(metric, metadata, entry_.metadata);
  }
}

void Ingest::define(uint32_t id, uint64_t sequence) {
  Series& series = head_.table()[id];
  if (journal_.defined(series.defined_in)) return;
  if (!journal_.pending(series.defined_in)) {
    series.defined_in = sequence;
    defined_now_.push_back(id);
  }
  std::vector<Label> labels;
  head_.table().labels(id, labels);
  series_record_.add(series.ref, labels);
}

void Ingest::build_entry(const Rows& rows) {
  const uint64_t sequence = journal_.next_sequence();
  defined_now_.clear();
  for (uint32_t set = 0; set < series_.size(); ++set) {
    if (series_[set] == kNoSeries) continue;
    bool begun = false;
    for (size_t row = rows.offsets[set]; row < rows.offsets[set + 1]; ++row) {
      if (keep_[row] == 0) continue;
      if (!begun) {
        begun = true;
        define(series_[set], sequence);
        samples_record_.begin(head_.table()[series_[set]].ref);
      }
      samples_record_.add(rows.at(row));
    }
  }
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
  for (const uint32_t id : defined_now_) {
    if (head_.table()[id].defined_in == sequence) head_.table()[id].defined_in = 0;
  }
}

Result<void> Ingest::outcome() const {
  if (refused_.count == 0) return {};
  const std::string more = refused_.count > kNamedRefusals ? " (and more)" : "";
  return Error{TARSIER_INVALID, std::to_string(refused_.count) + " of " + std::to_string(keep_.size()) +
                                    " samples refused: " + refused_.text + more};
}

void Ingest::take(const batch::View& batch, int64_t now_ns, Done done) {
  Rows rows(batch);
  batch_symbols_ = batch.count(TARSIER_COUNT_SYMBOLS);
  keep_.assign(rows.times.size(), 1);
  entry_ = {};
  refused_ = {};
  const bool journal_first = journal_.failing();
  {
    const auto lock = head_.lock_for_writing();
    resolve(rows.samples.labels(), rows);
    check_times(rows, now_ns);
    note_metadata(rows.samples);
    if (!journal_first) insert(rows);
  }
  build_entry(rows);
  if (entry_.empty()) return done(outcome());
  const uint64_t sequence = journal_.next_sequence();
  if (journal_first) {
    if (auto written = journal_.write_wait(entry_); !written) {
      commit_failed(!entry_.metadata.empty());
      return done(std::move(written));
    }
    const auto lock = head_.lock_for_writing();
    insert(rows);
    return done(outcome());
  }
  auto shared = std::make_shared<Done>(std::move(done));
  auto accepted =
      journal_.write(entry_, [shared, refused = outcome(), had_metadata = !entry_.metadata.empty(), this](Result<void> committed) {
        if (!committed) commit_failed(had_metadata);
        (*shared)(committed ? refused : std::move(committed));
      });
  if (accepted) return;
  undo_definitions(sequence);
  commit_failed(!entry_.metadata.empty());
  (*shared)(std::move(accepted));
}

}  // namespace tarsier::samples
