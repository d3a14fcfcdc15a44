// tarsier/batch_builder.hpp - building batches (abi/batch.h). A builder can be cleared and filled again; it keeps its memory.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <deque>
#include <numeric>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "abi/batch.h"
#include "result.hpp"

namespace tarsier::batch {

using Label = std::pair<std::string_view, std::string_view>;

/// Symbols and label sets, the part that all kinds share.
class Labels {
 public:
  /// The number of a symbol; the text is copied.
  uint32_t symbol(std::string_view text) {
    if (const auto found = index_.find(text); found != index_.end()) return found->second;
    const auto number = static_cast<uint32_t>(offsets_.size() - 1);
    bytes_.insert(bytes_.end(), text.begin(), text.end());
    offsets_.push_back(static_cast<uint32_t>(bytes_.size()));
    index_.emplace(owned_.emplace_back(text), number);
    return number;
  }

  /// The text of a symbol, until the next one is added.
  std::string_view text(uint32_t symbol) const noexcept {
    return {bytes_.data() + offsets_[symbol], size_t{offsets_[symbol + 1]} - offsets_[symbol]};
  }

  /// The number of a new label set. Labels are sorted here; of a repeated name one is kept, the least value.
  uint32_t set(std::span<const Label> labels) {
    order_.assign(labels.begin(), labels.end());
    std::sort(order_.begin(), order_.end());
    for (size_t i = 0; i < order_.size(); ++i) {
      if (i > 0 && order_[i].first == order_[i - 1].first) continue;
      const uint32_t name = symbol(order_[i].first);
      pairs_.push_back(name);
      pairs_.push_back(symbol(order_[i].second));
    }
    return end_set();
  }
  /// The same from symbol numbers (name, value, name, value, ...), already sorted by name and unique.
  uint32_t set_of_symbols(std::span<const uint32_t> pairs) {
    pairs_.insert(pairs_.end(), pairs.begin(), pairs.end());
    return end_set();
  }

  /// Drops the sets from that number on.
  void truncate(uint32_t sets) noexcept {
    set_offsets_.resize(size_t{sets} + 1);
    pairs_.resize(size_t{set_offsets_.back()} * 2);
  }

  uint32_t set_count() const noexcept { return static_cast<uint32_t>(set_offsets_.size() - 1); }

  /// Drops the sets; symbols stay, with their numbers, unless `symbols_too`.
  void clear(bool symbols_too) {
    set_offsets_.assign(1, 0);
    pairs_.clear();
    if (!symbols_too) return;
    index_.clear();
    owned_.clear();
    offsets_.assign(1, 0);
    bytes_.clear();
  }

 private:
  friend class Assembly;
  uint32_t end_set() {
    set_offsets_.push_back(static_cast<uint32_t>(pairs_.size() / 2));
    return set_count() - 1;
  }
  std::unordered_map<std::string_view, uint32_t> index_;  // keys point into owned_
  std::deque<std::string> owned_;
  std::vector<uint32_t> offsets_{0};
  std::vector<char> bytes_;
  std::vector<uint32_t> set_offsets_{0};
  std::vector<uint32_t> pairs_;
  std::vector<Label> order_;
};

/// Lays columns out as one batch. Columns are added in ascending order of id, and must outlive it.
class Assembly {
 public:
  Assembly(uint16_t kind, const Labels& labels, uint32_t rows, uint32_t text_bytes, int64_t created_ns) {
    head_.magic = TARSIER_BATCH_MAGIC;
    head_.kind = kind;
    head_.version = TARSIER_BATCH_VERSION;
    head_.created_ns = created_ns;
    head_.counts[TARSIER_COUNT_SYMBOLS] = static_cast<uint32_t>(labels.offsets_.size() - 1);
    head_.counts[TARSIER_COUNT_SYMBOL_BYTES] = static_cast<uint32_t>(labels.bytes_.size());
    head_.counts[TARSIER_COUNT_SETS] = labels.set_count();
    head_.counts[TARSIER_COUNT_PAIRS] = static_cast<uint32_t>(labels.pairs_.size() / 2);
    head_.counts[TARSIER_COUNT_ROWS] = rows;
    head_.counts[TARSIER_COUNT_TEXT] = text_bytes;
    add(TARSIER_COL_SYMBOL_OFFSETS, 4, labels.offsets_.data(), labels.offsets_.size());
    add(TARSIER_COL_SYMBOL_BYTES, 1, labels.bytes_.data(), labels.bytes_.size());
    add(TARSIER_COL_SET_OFFSETS, 4, labels.set_offsets_.data(), labels.set_offsets_.size());
    add(TARSIER_COL_PAIRS, 8, labels.pairs_.data(), labels.pairs_.size() / 2);
  }

  /// How many exemplars a batch of samples has.
  void exemplars(uint32_t count) noexcept { head_.counts[TARSIER_COUNT_EXEMPLARS] = count; }

  void add(uint32_t id, uint32_t element_size, const void* data, uint64_t count) {
    columns_.push_back({{id, element_size, 0, count}, data});
  }
  template <class T>
  void add(uint32_t id, const std::vector<T>& values) {
    add(id, sizeof(T), values.data(), values.size());
  }

  /// The size of the batch in bytes. Call after the last add().
  uint64_t size() {
    uint64_t end = sizeof(tarsier_batch_head) + columns_.size() * sizeof(tarsier_column);
    for (Column& column : columns_) {
      end = (end + 7) & ~uint64_t{7};
      column.entry.offset = end;
      end += column.entry.count * column.entry.element_size;
    }
    return end;
  }

  /// Writes size() bytes to zeroed memory that is aligned to 8.
  void write(uint8_t* out) {
    head_.size = size();
    head_.column_count = static_cast<uint32_t>(columns_.size());
    std::memcpy(out, &head_, sizeof(head_));
    uint8_t* table = out + sizeof(head_);
    for (const Column& column : columns_) {
      std::memcpy(table, &column.entry, sizeof(column.entry));
      table += sizeof(column.entry);
      const uint64_t bytes = column.entry.count * column.entry.element_size;
      if (bytes > 0) std::memcpy(out + column.entry.offset, column.data, bytes);
    }
  }

 private:
  struct Column {
    tarsier_column entry;
    const void* data;
  };
  tarsier_batch_head head_{};
  std::vector<Column> columns_;
};

/// Samples: begin a series, then its samples in the order of time.
class SamplesBuilder {
 public:
  Labels& labels() noexcept { return labels_; }
  const Labels& labels() const noexcept { return labels_; }

  void series(std::span<const Label> labels) { begin(labels_.set(labels)); }
  /// A series by symbol numbers that labels() gave out: for sets that stay the same from batch to batch.
  void series_of_symbols(std::span<const uint32_t> pairs) { begin(labels_.set_of_symbols(pairs)); }
  /// A series by a flat set (flat_set.hpp), which is copied and not checked, and is not empty. Of a batch all series are flat, or
  /// none.
  void flat_series(std::span<const uint8_t> set) {
    flat_sets_.push_back(static_cast<uint32_t>(flat_bytes_.size()));
    flat_sets_.push_back(static_cast<uint32_t>(set.size()));
    flat_bytes_.insert(flat_bytes_.end(), set.begin(), set.end());
    begin(labels_.set_of_symbols({}));
  }
  /// Type, help and unit of the series last begun. `name_tail`: see TARSIER_COL_SERIES_METADATA.
  void metadata(uint32_t type, std::string_view help, std::string_view unit, uint32_t name_tail = 0) {
    metadata_.resize(size_t{labels_.set_count()} * 4, kNone);
    const size_t at = metadata_.size() - 4;
    metadata_[at] = type;
    metadata_[at + 1] = labels_.symbol(help);
    metadata_[at + 2] = labels_.symbol(unit);
    metadata_[at + 3] = name_tail;
  }
  void sample(int64_t time_ns, double value) {
    times_.push_back(time_ns);
    values_.push_back(value);
    offsets_.back() = static_cast<uint32_t>(times_.size());
  }
  /// With a start timestamp (0: none). All samples of a batch have one, or none has.
  void sample(int64_t time_ns, double value, int64_t start_ns) {
    starts_.resize(times_.size(), 0);
    starts_.push_back(start_ns);
    sample(time_ns, value);
  }

  /// A native histogram with its sum, encoded by encode_histogram() (histogram.hpp); `start_ns` 0: none.
  void histogram(int64_t time_ns, double sum, int64_t start_ns, std::span<const uint8_t> encoded) {
    histogram_offsets_.resize(times_.size() + 1, static_cast<uint32_t>(histogram_bytes_.size()));
    histogram_bytes_.insert(histogram_bytes_.end(), encoded.begin(), encoded.end());
    histogram_offsets_.push_back(static_cast<uint32_t>(histogram_bytes_.size()));
    if (start_ns == 0) return sample(time_ns, sum);
    sample(time_ns, sum, start_ns);
  }
  /// An exemplar of the series last begun; its labels are a flat set that is copied and not checked, and may be empty.
  void exemplar(int64_t time_ns, double value, std::span<const uint8_t> labels) {
    exemplar_series_.push_back(labels_.set_count() - 1);
    exemplar_times_.push_back(time_ns);
    exemplar_values_.push_back(value);
    exemplar_labels_.push_back(static_cast<uint32_t>(exemplar_bytes_.size()));
    exemplar_labels_.push_back(static_cast<uint32_t>(labels.size()));
    exemplar_bytes_.insert(exemplar_bytes_.end(), labels.begin(), labels.end());
  }

  uint32_t series_count() const noexcept { return labels_.set_count(); }
  uint64_t sample_count() const noexcept { return times_.size(); }
  /// Without samples; there may be series with metadata or exemplars.
  bool empty() const noexcept { return times_.empty(); }

  /// Calls use(assembly) with the finished layout; valid during the call.
  template <class Use>
  auto finish(int64_t created_ns, Use&& use) {
    if (!metadata_.empty()) metadata_.resize(size_t{labels_.set_count()} * 4, kNone);
    if (!starts_.empty()) starts_.resize(times_.size(), 0);
    if (!histogram_offsets_.empty()) histogram_offsets_.resize(times_.size() + 1, static_cast<uint32_t>(histogram_bytes_.size()));
    fill_metadata_symbols();
    Assembly assembly(TARSIER_BATCH_SAMPLES, labels_, static_cast<uint32_t>(times_.size()),
                      static_cast<uint32_t>(histogram_bytes_.size()), created_ns);
    if (!flat_sets_.empty()) {
      assembly.add(TARSIER_COL_FLAT_SETS, 8, flat_sets_.data(), flat_sets_.size() / 2);
      assembly.add(TARSIER_COL_FLAT_BYTES, flat_bytes_);
    }
    assembly.add(TARSIER_COL_SAMPLE_OFFSETS, offsets_);
    assembly.add(TARSIER_COL_SAMPLE_TIMES, times_);
    assembly.add(TARSIER_COL_SAMPLE_VALUES, values_);
    if (!starts_.empty()) assembly.add(TARSIER_COL_SAMPLE_STARTS, starts_);
    if (!metadata_.empty()) assembly.add(TARSIER_COL_SERIES_METADATA, 16, metadata_.data(), metadata_.size() / 4);
    if (!histogram_offsets_.empty()) {
      assembly.add(TARSIER_COL_HISTOGRAM_OFFSETS, histogram_offsets_);
      assembly.add(TARSIER_COL_HISTOGRAM_BYTES, histogram_bytes_);
    }
    if (!exemplar_series_.empty()) add_exemplars(assembly);
    return use(assembly);
  }

  /// Begins anew. Symbols, and the numbers that labels() gave out, stay unless `symbols_too`.
  void clear(bool symbols_too = true) {
    labels_.clear(symbols_too);
    offsets_.assign(1, 0);
    clear_samples();
  }
  /// Begins anew with as many of the series of the batch before as there are values, in their order, and for each a sample of that
  /// time. There were so many.
  void repeat(int64_t time_ns, std::span<const double> values) {
    labels_.truncate(static_cast<uint32_t>(values.size()));
    clear_samples();
    offsets_.resize(values.size() + 1);
    std::iota(offsets_.begin(), offsets_.end(), 0U);
    times_.assign(values.size(), time_ns);
    values_.assign(values.begin(), values.end());
  }

 private:
  void clear_samples() {
    times_.clear();
    values_.clear();
    starts_.clear();
    metadata_.clear();
    flat_sets_.clear();
    flat_bytes_.clear();
    histogram_offsets_.clear();
    histogram_bytes_.clear();
    exemplar_series_.clear();
    exemplar_times_.clear();
    exemplar_values_.clear();
    exemplar_labels_.clear();
    exemplar_bytes_.clear();
  }
  static constexpr uint32_t kNone = UINT32_MAX;  // a series without metadata, until finish()
  void begin(uint32_t) { offsets_.push_back(static_cast<uint32_t>(times_.size())); }
  void add_exemplars(Assembly& assembly) const {
    assembly.exemplars(static_cast<uint32_t>(exemplar_series_.size()));
    assembly.add(TARSIER_COL_EXEMPLAR_SERIES, exemplar_series_);
    assembly.add(TARSIER_COL_EXEMPLAR_TIMES, exemplar_times_);
    assembly.add(TARSIER_COL_EXEMPLAR_VALUES, exemplar_values_);
    assembly.add(TARSIER_COL_EXEMPLAR_LABELS, 8, exemplar_labels_.data(), exemplar_labels_.size() / 2);
    assembly.add(TARSIER_COL_EXEMPLAR_BYTES, exemplar_bytes_);
  }
  /// Series without metadata in a batch with some: type unknown, empty texts.
  void fill_metadata_symbols() {
    for (size_t i = 0; i < metadata_.size(); i += 4) {
      if (metadata_[i] != kNone) continue;
      const uint32_t empty = labels_.symbol("");
      metadata_[i] = TARSIER_SERIES_UNKNOWN;
      metadata_[i + 1] = empty;
      metadata_[i + 2] = empty;
      metadata_[i + 3] = 0;
    }
  }
  Labels labels_;
  std::vector<uint32_t> offsets_{0};
  std::vector<int64_t> times_;
  std::vector<double> values_;
  std::vector<int64_t> starts_;
  std::vector<uint32_t> metadata_;
  std::vector<uint32_t> flat_sets_;  // begin and length of each
  std::vector<uint8_t> flat_bytes_;
  std::vector<uint32_t> histogram_offsets_;  // as far as there are histograms; filled up by finish()
  std::vector<uint8_t> histogram_bytes_;
  std::vector<uint32_t> exemplar_series_;
  std::vector<int64_t> exemplar_times_;
  std::vector<double> exemplar_values_;
  std::vector<uint32_t> exemplar_labels_;  // begin and length of each
  std::vector<uint8_t> exemplar_bytes_;
};

/// Alerts, one row each.
class AlertsBuilder {
 public:
  void alert(std::span<const Label> labels, std::span<const Label> annotations, int64_t starts_ns, int64_t ends_ns,
             std::string_view generator_url) {
    label_sets_.push_back(labels_.set(labels));
    annotation_sets_.push_back(labels_.set(annotations));
    starts_.push_back(starts_ns);
    ends_.push_back(ends_ns);
    generators_.push_back(labels_.symbol(generator_url));
  }
  bool empty() const noexcept { return starts_.empty(); }

  template <class Use>
  auto finish(int64_t created_ns, Use&& use) {
    Assembly assembly(TARSIER_BATCH_ALERTS, labels_, static_cast<uint32_t>(starts_.size()), 0, created_ns);
    assembly.add(TARSIER_COL_ALERT_LABELS, label_sets_);
    assembly.add(TARSIER_COL_ALERT_ANNOTATIONS, annotation_sets_);
    assembly.add(TARSIER_COL_ALERT_STARTS, starts_);
    assembly.add(TARSIER_COL_ALERT_ENDS, ends_);
    assembly.add(TARSIER_COL_ALERT_GENERATOR, generators_);
    return use(assembly);
  }

 private:
  Labels labels_;
  std::vector<uint32_t> label_sets_, annotation_sets_;
  std::vector<int64_t> starts_, ends_;
  std::vector<uint32_t> generators_;
};

/// Targets of one source for one pool, one row each; without any it says that there are none.
class TargetsBuilder {
 public:
  TargetsBuilder(std::string_view pool, std::string_view source) : pool_(labels_.symbol(pool)), source_(labels_.symbol(source)) {}
  /// `labels` are not empty.
  void target(std::span<const Label> labels) { sets_.push_back(labels_.set(labels)); }

  template <class Use>
  auto finish(int64_t created_ns, Use&& use) {
    if (sets_.empty()) sets_.push_back(labels_.set({}));
    const std::vector<uint32_t> pools(sets_.size(), pool_), sources(sets_.size(), source_);
    Assembly assembly(TARSIER_BATCH_TARGETS, labels_, static_cast<uint32_t>(sets_.size()), 0, created_ns);
    assembly.add(TARSIER_COL_TARGET_LABELS, sets_);
    assembly.add(TARSIER_COL_TARGET_POOL, pools);
    assembly.add(TARSIER_COL_TARGET_SOURCE, sources);
    return use(assembly);
  }

 private:
  Labels labels_;
  uint32_t pool_, source_;
  std::vector<uint32_t> sets_;
};

}  // namespace tarsier::batch
