// tarsier/batch.hpp - reading batches (abi/batch.h): the rules of each kind as a table, one verifier that checks them, and views
// that hand out columns as spans without copying. A view may only be made of bytes that verify() accepted; those on the bus were.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include "abi/batch.h"
#include "result.hpp"

namespace tarsier::batch {

/// What the values of a column must be, besides lying within the batch.
enum class Check : uint8_t { none, offsets, index };

/// `length` of a column that has as many elements as it says itself.
inline constexpr uint32_t kOwnLength = UINT32_MAX;

/// One column of a kind. `length` and `target` are TARSIER_COUNT_*; offsets have one element more than `length`.
struct ColumnRule {
  uint32_t id;
  uint32_t element_size;
  uint32_t length;
  Check check = Check::none;
  uint32_t target = 0;
  bool optional = false;
};

inline constexpr std::array kCommonRules = {
    ColumnRule{TARSIER_COL_SYMBOL_OFFSETS, 4, TARSIER_COUNT_SYMBOLS, Check::offsets, TARSIER_COUNT_SYMBOL_BYTES},
    ColumnRule{TARSIER_COL_SYMBOL_BYTES, 1, TARSIER_COUNT_SYMBOL_BYTES},
    ColumnRule{TARSIER_COL_SET_OFFSETS, 4, TARSIER_COUNT_SETS, Check::offsets, TARSIER_COUNT_PAIRS},
    ColumnRule{TARSIER_COL_PAIRS, 8, TARSIER_COUNT_PAIRS, Check::index, TARSIER_COUNT_SYMBOLS},
};
inline constexpr std::array kSamplesRules = {
    ColumnRule{TARSIER_COL_FLAT_SETS, 8, TARSIER_COUNT_SETS, Check::none, 0, true},
    ColumnRule{TARSIER_COL_FLAT_BYTES, 1, kOwnLength, Check::none, 0, true},
    ColumnRule{TARSIER_COL_SAMPLE_OFFSETS, 4, TARSIER_COUNT_SETS, Check::offsets, TARSIER_COUNT_ROWS},
    ColumnRule{TARSIER_COL_SAMPLE_TIMES, 8, TARSIER_COUNT_ROWS},
    ColumnRule{TARSIER_COL_SAMPLE_VALUES, 8, TARSIER_COUNT_ROWS},
    ColumnRule{TARSIER_COL_SAMPLE_STARTS, 8, TARSIER_COUNT_ROWS, Check::none, 0, true},
    ColumnRule{TARSIER_COL_SERIES_METADATA, 16, TARSIER_COUNT_SETS, Check::none, 0, true},
    ColumnRule{TARSIER_COL_HISTOGRAM_OFFSETS, 4, TARSIER_COUNT_ROWS, Check::offsets, TARSIER_COUNT_TEXT, true},
    ColumnRule{TARSIER_COL_HISTOGRAM_BYTES, 1, TARSIER_COUNT_TEXT, Check::none, 0, true},
    ColumnRule{TARSIER_COL_EXEMPLAR_SERIES, 4, TARSIER_COUNT_EXEMPLARS, Check::index, TARSIER_COUNT_SETS, true},
    ColumnRule{TARSIER_COL_EXEMPLAR_TIMES, 8, TARSIER_COUNT_EXEMPLARS, Check::none, 0, true},
    ColumnRule{TARSIER_COL_EXEMPLAR_VALUES, 8, TARSIER_COUNT_EXEMPLARS, Check::none, 0, true},
    ColumnRule{TARSIER_COL_EXEMPLAR_LABELS, 8, TARSIER_COUNT_EXEMPLARS, Check::none, 0, true},
    ColumnRule{TARSIER_COL_EXEMPLAR_BYTES, 1, kOwnLength, Check::none, 0, true},
};
inline constexpr std::array kLogsRules = {
    ColumnRule{TARSIER_COL_LOG_STREAM, 4, TARSIER_COUNT_ROWS, Check::index, TARSIER_COUNT_SETS},
    ColumnRule{TARSIER_COL_LOG_TIMES, 8, TARSIER_COUNT_ROWS},
    ColumnRule{TARSIER_COL_LOG_LINE_OFFSETS, 4, TARSIER_COUNT_ROWS, Check::offsets, TARSIER_COUNT_TEXT},
    ColumnRule{TARSIER_COL_LOG_LINES, 1, TARSIER_COUNT_TEXT},
    ColumnRule{TARSIER_COL_LOG_METADATA, 4, TARSIER_COUNT_ROWS, Check::index, TARSIER_COUNT_SETS, true},
};
inline constexpr std::array kSpansRules = {
    ColumnRule{TARSIER_COL_SPAN_RESOURCE, 4, TARSIER_COUNT_ROWS, Check::index, TARSIER_COUNT_SETS},
    ColumnRule{TARSIER_COL_SPAN_ATTRIBUTES, 4, TARSIER_COUNT_ROWS, Check::index, TARSIER_COUNT_SETS},
    ColumnRule{TARSIER_COL_SPAN_TRACE_ID, 16, TARSIER_COUNT_ROWS},
    ColumnRule{TARSIER_COL_SPAN_ID, 8, TARSIER_COUNT_ROWS},
    ColumnRule{TARSIER_COL_SPAN_PARENT, 8, TARSIER_COUNT_ROWS},
    ColumnRule{TARSIER_COL_SPAN_START, 8, TARSIER_COUNT_ROWS},
    ColumnRule{TARSIER_COL_SPAN_END, 8, TARSIER_COUNT_ROWS},
    ColumnRule{TARSIER_COL_SPAN_NAME, 4, TARSIER_COUNT_ROWS, Check::index, TARSIER_COUNT_SYMBOLS},
    ColumnRule{TARSIER_COL_SPAN_KIND, 4, TARSIER_COUNT_ROWS},
    ColumnRule{TARSIER_COL_SPAN_STATUS, 4, TARSIER_COUNT_ROWS},
};
inline constexpr std::array kAlertsRules = {
    ColumnRule{TARSIER_COL_ALERT_LABELS, 4, TARSIER_COUNT_ROWS, Check::index, TARSIER_COUNT_SETS},
    ColumnRule{TARSIER_COL_ALERT_ANNOTATIONS, 4, TARSIER_COUNT_ROWS, Check::index, TARSIER_COUNT_SETS},
    ColumnRule{TARSIER_COL_ALERT_STARTS, 8, TARSIER_COUNT_ROWS},
    ColumnRule{TARSIER_COL_ALERT_ENDS, 8, TARSIER_COUNT_ROWS},
    ColumnRule{TARSIER_COL_ALERT_GENERATOR, 4, TARSIER_COUNT_ROWS, Check::index, TARSIER_COUNT_SYMBOLS},
};
inline constexpr std::array kEventsRules = {
    ColumnRule{TARSIER_COL_EVENT_LABELS, 4, TARSIER_COUNT_ROWS, Check::index, TARSIER_COUNT_SETS},
    ColumnRule{TARSIER_COL_EVENT_TIMES, 8, TARSIER_COUNT_ROWS},
    ColumnRule{TARSIER_COL_EVENT_ENDS, 8, TARSIER_COUNT_ROWS},
    ColumnRule{TARSIER_COL_EVENT_TITLE, 4, TARSIER_COUNT_ROWS, Check::index, TARSIER_COUNT_SYMBOLS},
    ColumnRule{TARSIER_COL_EVENT_TEXT, 4, TARSIER_COUNT_ROWS, Check::index, TARSIER_COUNT_SYMBOLS},
};
inline constexpr std::array kTargetsRules = {
    ColumnRule{TARSIER_COL_TARGET_LABELS, 4, TARSIER_COUNT_ROWS, Check::index, TARSIER_COUNT_SETS},
    ColumnRule{TARSIER_COL_TARGET_POOL, 4, TARSIER_COUNT_ROWS, Check::index, TARSIER_COUNT_SYMBOLS},
    ColumnRule{TARSIER_COL_TARGET_SOURCE, 4, TARSIER_COUNT_ROWS, Check::index, TARSIER_COUNT_SYMBOLS},
};

/// The rules of a kind beside the common ones; empty for an unknown kind.
inline std::span<const ColumnRule> rules(uint16_t kind) noexcept {
  switch (kind) {
    case TARSIER_BATCH_SAMPLES:
      return kSamplesRules;
    case TARSIER_BATCH_LOGS:
      return kLogsRules;
    case TARSIER_BATCH_SPANS:
      return kSpansRules;
    case TARSIER_BATCH_ALERTS:
      return kAlertsRules;
    case TARSIER_BATCH_EVENTS:
      return kEventsRules;
    case TARSIER_BATCH_TARGETS:
      return kTargetsRules;
    default:
      return {};
  }
}

/// Reads columns of a verified batch. Copies two words; the bytes stay the batch's.
class View {
 public:
  explicit View(std::span<const uint8_t> data) noexcept : data_(data) {}

  const tarsier_batch_head& head() const noexcept { return *reinterpret_cast<const tarsier_batch_head*>(data_.data()); }
  uint16_t kind() const noexcept { return head().kind; }
  uint32_t count(uint32_t what) const noexcept { return head().counts[what]; }
  uint32_t rows() const noexcept { return count(TARSIER_COUNT_ROWS); }
  uint32_t sets() const noexcept { return count(TARSIER_COUNT_SETS); }
  std::span<const tarsier_column> columns() const noexcept {
    return {reinterpret_cast<const tarsier_column*>(data_.data() + sizeof(tarsier_batch_head)), head().column_count};
  }

  bool has(uint32_t id) const noexcept {
    return std::any_of(columns().begin(), columns().end(), [id](const tarsier_column& entry) { return entry.id == id; });
  }
  /// The column of that id; empty when the batch has none.
  template <class T>
  std::span<const T> column(uint32_t id) const noexcept {
    for (const tarsier_column& entry : columns()) {
      if (entry.id != id) continue;
      return {reinterpret_cast<const T*>(data_.data() + entry.offset),
              static_cast<size_t>(entry.count * entry.element_size / sizeof(T))};
    }
    return {};
  }

  std::string_view symbol(uint32_t index) const noexcept {
    const auto offsets = column<uint32_t>(TARSIER_COL_SYMBOL_OFFSETS);
    const auto text = column<char>(TARSIER_COL_SYMBOL_BYTES);
    return {text.data() + offsets[index], offsets[index + 1] - offsets[index]};
  }
  /// The pairs of a label set: name symbol, value symbol, name symbol, ...
  std::span<const uint32_t> set(uint32_t index) const noexcept {
    const auto offsets = column<uint32_t>(TARSIER_COL_SET_OFFSETS);
    const auto pairs = column<uint32_t>(TARSIER_COL_PAIRS);
    return pairs.subspan(size_t{offsets[index]} * 2, size_t{offsets[index + 1] - offsets[index]} * 2);
  }

 private:
  std::span<const uint8_t> data_;
};

namespace detail {

inline Error malformed(const std::string& what) { return Error::invalid("malformed batch: " + what); }

inline Result<void> check_offsets(std::span<const uint32_t> offsets, uint32_t end, uint32_t id) {
  if (offsets.front() != 0 || offsets.back() != end)
    return malformed("column " + std::to_string(id) + " does not run from 0 to " + std::to_string(end));
  uint32_t before = 0;
  bool ascending = true;
  for (const uint32_t offset : offsets) {
    ascending &= offset >= before;
    before = offset;
  }
  if (!ascending) return malformed("offsets of column " + std::to_string(id) + " descend");
  return {};
}

inline Result<void> check_index(std::span<const uint32_t> values, uint32_t bound, uint32_t id) {
  uint32_t highest = 0;
  for (const uint32_t value : values) highest = std::max(highest, value);
  if (!values.empty() && highest >= bound)
    return malformed("column " + std::to_string(id) + " points to " + std::to_string(highest) + " of " + std::to_string(bound));
  return {};
}

inline Result<void> check_column(const View& view, const ColumnRule& rule) {
  const tarsier_column* entry = nullptr;
  for (const tarsier_column& candidate : view.columns())
    if (candidate.id == rule.id) entry = &candidate;
  if (entry == nullptr) {
    if (rule.optional) return {};
    return malformed("column " + std::to_string(rule.id) + " is missing");
  }
  const uint64_t length =
      rule.length == kOwnLength ? entry->count : uint64_t{view.count(rule.length)} + (rule.check == Check::offsets ? 1U : 0U);
  if (entry->element_size != rule.element_size || entry->count != length)
    return malformed("column " + std::to_string(rule.id) + " has " + std::to_string(entry->count) + " elements of " +
                     std::to_string(entry->element_size) + " bytes, expected " + std::to_string(length) + " of " +
                     std::to_string(rule.element_size));
  if (rule.check == Check::none) return {};
  const auto values = view.column<uint32_t>(rule.id);
  if (rule.check == Check::offsets) return check_offsets(values, view.count(rule.target), rule.id);
  return check_index(values, view.count(rule.target), rule.id);
}

/// Names ascend strictly within each set, so sets can be compared, hashed and joined without sorting.
inline Result<void> check_sets(const View& view) {
  const auto symbol_offsets = view.column<uint32_t>(TARSIER_COL_SYMBOL_OFFSETS);
  const auto text = view.column<char>(TARSIER_COL_SYMBOL_BYTES);
  const auto symbol = [&](uint32_t i) {
    return std::string_view{text.data() + symbol_offsets[i], symbol_offsets[i + 1] - symbol_offsets[i]};
  };
  const auto offsets = view.column<uint32_t>(TARSIER_COL_SET_OFFSETS);
  const auto pairs = view.column<uint32_t>(TARSIER_COL_PAIRS);
  for (uint32_t set = 0; set < view.sets(); ++set) {
    for (size_t pair = size_t{offsets[set]} + 1; pair < offsets[set + 1]; ++pair) {
      if (!(symbol(pairs[2 * (pair - 1)]) < symbol(pairs[2 * pair])))
        return malformed("label names of set " + std::to_string(set) + " are not sorted and unique");
    }
  }
  return {};
}

/// Spans of flat sets lie inside of their bytes.
inline Result<void> check_spans(const View& view, uint32_t spans_id, uint32_t bytes_id, bool may_be_empty) {
  const auto spans = view.column<uint32_t>(spans_id);
  const uint64_t size = view.column<uint8_t>(bytes_id).size();
  for (size_t i = 0; i < spans.size(); i += 2) {
    if ((spans[i + 1] != 0 || may_be_empty) && uint64_t{spans[i]} + spans[i + 1] <= size) continue;
    return malformed("flat set " + std::to_string(i / 2) + " of column " + std::to_string(spans_id) +
                     (spans[i + 1] == 0 ? " is empty" : " lies outside of its bytes"));
  }
  return {};
}

inline Result<void> check_flat_sets(const View& view) {
  if (view.has(TARSIER_COL_FLAT_SETS) != view.has(TARSIER_COL_FLAT_BYTES))
    return malformed("flat sets and their bytes must come together");
  if (!view.has(TARSIER_COL_FLAT_SETS)) return {};
  if (view.count(TARSIER_COUNT_PAIRS) != 0) return malformed("label sets are flat and have pairs, too");
  return check_spans(view, TARSIER_COL_FLAT_SETS, TARSIER_COL_FLAT_BYTES, false);
}

inline Result<void> check_exemplars(const View& view) {
  constexpr uint32_t kColumns[] = {TARSIER_COL_EXEMPLAR_SERIES, TARSIER_COL_EXEMPLAR_TIMES, TARSIER_COL_EXEMPLAR_VALUES,
                                   TARSIER_COL_EXEMPLAR_LABELS, TARSIER_COL_EXEMPLAR_BYTES};
  size_t there = 0;
  for (const uint32_t id : kColumns) there += view.has(id) ? 1U : 0U;
  const bool expected = there != 0 || view.count(TARSIER_COUNT_EXEMPLARS) != 0;
  if (expected && there != std::size(kColumns)) return malformed("the columns of exemplars must come together");
  return check_spans(view, TARSIER_COL_EXEMPLAR_LABELS, TARSIER_COL_EXEMPLAR_BYTES, true);
}

inline Result<void> check_samples(const View& view) {
  const auto offsets = view.column<uint32_t>(TARSIER_COL_SAMPLE_OFFSETS);
  const auto times = view.column<int64_t>(TARSIER_COL_SAMPLE_TIMES);
  for (uint32_t series = 0; series < view.sets(); ++series) {
    for (size_t row = size_t{offsets[series]} + 1; row < offsets[series + 1]; ++row) {
      if (times[row] < times[row - 1]) return malformed("timestamps of series " + std::to_string(series) + " descend");
    }
  }
  const auto metadata = view.column<uint32_t>(TARSIER_COL_SERIES_METADATA);
  for (size_t i = 0; i < metadata.size(); i += 4) {
    if (metadata[i + 1] >= view.count(TARSIER_COUNT_SYMBOLS) || metadata[i + 2] >= view.count(TARSIER_COUNT_SYMBOLS))
      return malformed("metadata of series " + std::to_string(i / 4) + " points past the symbols");
  }
  if (view.column<uint32_t>(TARSIER_COL_HISTOGRAM_OFFSETS).empty() != view.column<uint8_t>(TARSIER_COL_HISTOGRAM_BYTES).empty() &&
      view.count(TARSIER_COUNT_TEXT) != 0)
    return malformed("histogram offsets and bytes must come together");
  if (auto flat = check_flat_sets(view); !flat) return flat;
  return check_exemplars(view);
}

inline Result<void> check_table(std::span<const uint8_t> data) {
  if (data.size() < sizeof(tarsier_batch_head)) return malformed("shorter than its head");
  if (reinterpret_cast<uintptr_t>(data.data()) % 8 != 0) return malformed("not aligned to 8 bytes");
  const View view(data);
  const tarsier_batch_head& head = view.head();
  if (head.magic != TARSIER_BATCH_MAGIC) return malformed("wrong magic number");
  if (head.version != TARSIER_BATCH_VERSION) return malformed("version " + std::to_string(head.version) + " is not known");
  if (head.size != data.size())
    return malformed("says " + std::to_string(head.size) + " bytes, has " + std::to_string(data.size()));
  if (rules(head.kind).empty()) return malformed("kind " + std::to_string(head.kind) + " is not known");
  const uint64_t table_end = sizeof(tarsier_batch_head) + uint64_t{head.column_count} * sizeof(tarsier_column);
  if (table_end > data.size()) return malformed("the column table runs past the end");
  uint64_t end = table_end;
  uint32_t last_id = 0;
  for (const tarsier_column& column : view.columns()) {
    if (column.id <= last_id) return malformed("column ids do not ascend at " + std::to_string(column.id));
    if (column.offset % 8 != 0 || column.offset < end || column.offset > data.size() || column.element_size == 0 ||
        column.count > (data.size() - column.offset) / column.element_size)
      return malformed("column " + std::to_string(column.id) + " lies outside of the batch or overlaps");
    end = column.offset + column.count * column.element_size;
    last_id = column.id;
  }
  return {};
}

}  // namespace detail

/// Checks every rule of the layout; after it, no index or offset in a known column leads outside. Linear in the size, no allocation
/// unless it fails. Works on any bytes.
inline Result<void> verify(std::span<const uint8_t> data) {
  if (auto table = detail::check_table(data); !table) return table;
  const View view(data);
  for (const ColumnRule& rule : kCommonRules)
    if (auto checked = detail::check_column(view, rule); !checked) return checked;
  for (const ColumnRule& rule : rules(view.kind()))
    if (auto checked = detail::check_column(view, rule); !checked) return checked;
  if (auto sets = detail::check_sets(view); !sets) return sets;
  if (view.kind() == TARSIER_BATCH_SAMPLES) return detail::check_samples(view);
  return {};
}

/// Label sets of a batch with the column look-ups done once.
class Sets {
 public:
  explicit Sets(const View& view) noexcept
      : symbol_offsets_(view.column<uint32_t>(TARSIER_COL_SYMBOL_OFFSETS)),
        text_(view.column<char>(TARSIER_COL_SYMBOL_BYTES)),
        offsets_(view.column<uint32_t>(TARSIER_COL_SET_OFFSETS)),
        pairs_(view.column<uint32_t>(TARSIER_COL_PAIRS)) {}

  std::string_view symbol(uint32_t index) const noexcept {
    return {text_.data() + symbol_offsets_[index], symbol_offsets_[index + 1] - symbol_offsets_[index]};
  }
  uint32_t size(uint32_t set) const noexcept { return offsets_[set + 1] - offsets_[set]; }
  std::string_view name(uint32_t set, uint32_t pair) const noexcept { return symbol(pairs_[2 * (size_t{offsets_[set]} + pair)]); }
  std::string_view value(uint32_t set, uint32_t pair) const noexcept {
    return symbol(pairs_[2 * (size_t{offsets_[set]} + pair) + 1]);
  }
  /// Pairs of symbol numbers, as in the batch.
  std::span<const uint32_t> pairs(uint32_t set) const noexcept {
    return pairs_.subspan(size_t{offsets_[set]} * 2, size_t{size(set)} * 2);
  }

 private:
  std::span<const uint32_t> symbol_offsets_;
  std::span<const char> text_;
  std::span<const uint32_t> offsets_;
  std::span<const uint32_t> pairs_;
};

/// A batch of samples with the column look-ups done once.
class SamplesView {
 public:
  explicit SamplesView(const View& view) noexcept
      : sets_(view),
        series_count_(view.sets()),
        offsets_(view.column<uint32_t>(TARSIER_COL_SAMPLE_OFFSETS)),
        times_(view.column<int64_t>(TARSIER_COL_SAMPLE_TIMES)),
        values_(view.column<double>(TARSIER_COL_SAMPLE_VALUES)),
        starts_(view.column<int64_t>(TARSIER_COL_SAMPLE_STARTS)),
        metadata_(view.column<uint32_t>(TARSIER_COL_SERIES_METADATA)),
        histogram_offsets_(view.column<uint32_t>(TARSIER_COL_HISTOGRAM_OFFSETS)),
        histogram_bytes_(view.column<uint8_t>(TARSIER_COL_HISTOGRAM_BYTES)),
        has_flat_sets_(view.has(TARSIER_COL_FLAT_SETS)),
        flat_sets_(view.column<uint32_t>(TARSIER_COL_FLAT_SETS)),
        flat_bytes_(view.column<uint8_t>(TARSIER_COL_FLAT_BYTES)) {}

  /// Empty sets when has_flat_sets().
  const Sets& labels() const noexcept { return sets_; }
  uint32_t series_count() const noexcept { return series_count_; }
  std::span<const int64_t> times(uint32_t series) const noexcept { return run(times_, series); }
  std::span<const double> values(uint32_t series) const noexcept { return run(values_, series); }
  /// Empty when the batch has no start timestamps.
  std::span<const int64_t> starts(uint32_t series) const noexcept { return starts_.empty() ? starts_ : run(starts_, series); }
  bool has_metadata() const noexcept { return !metadata_.empty(); }
  uint32_t type(uint32_t series) const noexcept { return metadata_[size_t{series} * 4]; }
  std::string_view help(uint32_t series) const noexcept { return sets_.symbol(metadata_[size_t{series} * 4 + 1]); }
  std::string_view unit(uint32_t series) const noexcept { return sets_.symbol(metadata_[size_t{series} * 4 + 2]); }
  /// See TARSIER_COL_SERIES_METADATA; any number.
  uint32_t name_tail(uint32_t series) const noexcept { return metadata_[size_t{series} * 4 + 3]; }

  bool has_histograms() const noexcept { return !histogram_offsets_.empty(); }
  /// The encoded histogram (histogram.hpp) of a series' row; empty when the row is a float. Only when has_histograms().
  std::span<const uint8_t> histogram(uint32_t series, size_t row) const noexcept {
    const size_t at = offsets_[series] + row;
    return histogram_bytes_.subspan(histogram_offsets_[at], histogram_offsets_[at + 1] - histogram_offsets_[at]);
  }

  /// Whether the labels are flat sets, to be decoded with decode_flat_set() (flat_set.hpp), instead of labels().
  bool has_flat_sets() const noexcept { return has_flat_sets_; }
  /// The bytes of a series' flat set: not verified, never empty. Only when has_flat_sets().
  std::span<const uint8_t> flat_set(uint32_t series) const noexcept {
    return flat_bytes_.subspan(flat_sets_[size_t{series} * 2], flat_sets_[size_t{series} * 2 + 1]);
  }

 private:
  template <class T>
  std::span<const T> run(std::span<const T> column, uint32_t series) const noexcept {
    return column.subspan(offsets_[series], offsets_[series + 1] - offsets_[series]);
  }
  Sets sets_;
  uint32_t series_count_;
  std::span<const uint32_t> offsets_;
  std::span<const int64_t> times_;
  std::span<const double> values_;
  std::span<const int64_t> starts_;
  std::span<const uint32_t> metadata_;
  std::span<const uint32_t> histogram_offsets_;
  std::span<const uint8_t> histogram_bytes_;
  bool has_flat_sets_;
  std::span<const uint32_t> flat_sets_;
  std::span<const uint8_t> flat_bytes_;
};

/// The exemplars of a batch of samples with the column look-ups done once.
class ExemplarsView {
 public:
  explicit ExemplarsView(const View& view) noexcept
      : series_(view.column<uint32_t>(TARSIER_COL_EXEMPLAR_SERIES)),
        times_(view.column<int64_t>(TARSIER_COL_EXEMPLAR_TIMES)),
        values_(view.column<double>(TARSIER_COL_EXEMPLAR_VALUES)),
        labels_(view.column<uint32_t>(TARSIER_COL_EXEMPLAR_LABELS)),
        bytes_(view.column<uint8_t>(TARSIER_COL_EXEMPLAR_BYTES)) {}

  size_t size() const noexcept { return series_.size(); }
  uint32_t series(size_t i) const noexcept { return series_[i]; }
  int64_t time(size_t i) const noexcept { return times_[i]; }
  double value(size_t i) const noexcept { return values_[i]; }
  /// A flat set (flat_set.hpp), not verified; may be empty.
  std::span<const uint8_t> labels(size_t i) const noexcept { return bytes_.subspan(labels_[i * 2], labels_[i * 2 + 1]); }

 private:
  std::span<const uint32_t> series_;
  std::span<const int64_t> times_;
  std::span<const double> values_;
  std::span<const uint32_t> labels_;
  std::span<const uint8_t> bytes_;
};

}  // namespace tarsier::batch
