// Walks a page of length-delimited protobuf messages (io.prometheus.client.MetricFamily), as if each of their numbers stood on a
// line: the shortcut for an expected series and the lifetimes are those of TextParser, but that series() lives until the next call
// only.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/lib/exposition/text_parser.hpp"
#include "tarsier/histogram.hpp"

namespace tarsier::exposition {

/// What is taken of a histogram that comes in both forms.
enum class HistogramForms : uint8_t { classic, native, both };

class ProtobufParser {
 public:
  static constexpr bool kHelpEscapesQuotes = false;
  explicit ProtobufParser(std::string_view page, const Limits& limits = {}, HistogramForms forms = HistogramForms::native)
      : rest_(reinterpret_cast<const uint8_t*>(page.data()), page.size()), limits_(limits), forms_(forms) {}

  /// As TextParser::next(). A family begins with its help, type and unit, where it has them.
  Entry next(std::string_view expected_series = {});

  // Of the sample, until the next call.
  /// As a line of the text format would begin.
  std::string_view series() const noexcept { return series_; }
  bool matched() const noexcept { return matched_; }
  double value() const noexcept { return point_->value; }
  bool has_timestamp() const noexcept { return timestamp_ms_ != 0; }
  int64_t timestamp_ms() const noexcept { return timestamp_ms_; }
  /// When a counter, histogram or summary began to count; 0: not told.
  int64_t start_ms() const noexcept { return start_ms_; }
  /// Null: the sample is a float.
  const NativeHistogram* histogram() const noexcept { return point_->native ? &native_ : nullptr; }

  struct Exemplar {
    std::vector<LabelText> labels;
    double value = 0;
    bool has_timestamp = false;
    int64_t timestamp_ms = 0;
  };
  std::span<const Exemplar> exemplars() const noexcept { return std::span(exemplars_).first(exemplar_count_); }

  // Of HELP, TYPE and UNIT.
  std::string_view family() const noexcept { return family_; }
  /// Escaped as in the text format.
  std::string_view help() const noexcept { return help_; }
  uint32_t type() const noexcept { return type_; }
  std::string_view unit() const noexcept { return unit_; }

  const Error& error() const noexcept { return error_; }
  uint64_t samples() const noexcept { return samples_; }

 private:
  using Bytes = std::span<const uint8_t>;
  /// One number of a metric.
  struct Point {
    std::string_view suffix = {};  // of the family's name
    std::string_view bound = {};   // "le" or "quantile"; "": none
    double bound_value = 0;
    double value = 0;
    bool native = false;
    uint32_t first_exemplar = 0, past_exemplar = 0;  // in exemplar_messages_
  };

  bool begin_family();
  bool begin_metric();
  Entry emit(std::string_view expected);
  bool read_counter(Bytes message);
  bool read_gauge(Bytes message);
  bool read_summary(Bytes message);
  bool read_quantile(Bytes message);
  bool read_histogram(Bytes message);
  bool read_bucket(Bytes message);
  bool read_exemplar(Bytes message, Exemplar& exemplar) const;
  void add_histogram_points();
  void write_series();
  bool read_exemplars();
  Entry fail(std::string what);
  Entry fail_limit(std::string what);

  Bytes rest_;  // of the page
  Limits limits_;
  HistogramForms forms_;
  bool failed_ = false;
  uint64_t families_ = 0, samples_ = 0;

  std::string_view family_, raw_help_, unit_;
  std::string help_;
  uint32_t type_ = TARSIER_SERIES_UNKNOWN;
  unsigned head_ = 3;  // which of help, type and unit comes next; 3: none
  std::vector<Bytes> metrics_;
  size_t next_metric_ = 0;

  std::vector<LabelText> labels_;  // of the metric
  std::vector<Point> points_;
  const Point* point_ = nullptr;
  size_t next_point_ = 0;
  int64_t timestamp_ms_ = 0, start_ms_ = 0;
  std::vector<Bytes> exemplar_messages_;
  std::vector<Exemplar> exemplars_;
  size_t exemplar_count_ = 0;
  NativeHistogram native_;
  std::vector<Point> buckets_;
  std::string series_, name_, bound_;
  bool matched_ = false;
  Error error_{TARSIER_OK, {}};
};

}  // namespace tarsier::exposition
