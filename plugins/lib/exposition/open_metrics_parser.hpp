// Walks a page in OpenMetrics 1.0. Lifetimes and the shortcut for an expected series are those of TextParser; unlike it, this
// format has one way to write each thing, seconds, units, exemplars and an end.
#pragma once

#include <cstdint>
#include <string_view>

#include "plugins/lib/exposition/text_parser.hpp"

namespace tarsier::exposition {

class OpenMetricsParser {
 public:
  static constexpr bool kHelpEscapesQuotes = true;
  explicit OpenMetricsParser(std::string_view page, const Limits& limits = {}) : page_(page), limits_(limits) {}

  /// As TextParser::next(). `end` is the line "# EOF", which must be the last.
  Entry next(std::string_view expected_series = {});

  // Of the sample, until the next call.
  std::string_view series() const noexcept { return series_; }
  bool matched() const noexcept { return matched_; }
  double value() const noexcept { return value_; }
  bool has_timestamp() const noexcept { return has_timestamp_; }
  int64_t timestamp_ms() const noexcept { return timestamp_ms_; }

  struct Exemplar {
    SeriesText labels;
    double value = 0;
    bool has_timestamp = false;
    int64_t timestamp_ms = 0;
  };
  /// Null when the sample has none.
  const Exemplar* exemplar() const noexcept { return has_exemplar_ ? &exemplar_ : nullptr; }

  // Of HELP, TYPE and UNIT.
  std::string_view family() const noexcept { return family_; }
  std::string_view help() const noexcept { return text_; }
  uint32_t type() const noexcept { return type_; }
  std::string_view unit() const noexcept { return text_; }

  const Error& error() const noexcept { return error_; }
  uint64_t samples() const noexcept { return samples_; }
  /// Where in the page the next entry begins.
  size_t position() const noexcept { return at_; }

 private:
  Entry read_sample(std::string_view line, std::string_view expected);
  Entry read_metadata(std::string_view line);
  Entry read_end();
  bool read_number(std::string_view& rest, const char* what, double& value);
  bool read_timestamp(std::string_view& rest, bool& has, int64_t& ms);
  bool read_exemplar(std::string_view& rest);
  Entry fail(std::string what);
  Entry fail_limit(std::string what);

  std::string_view page_;
  Limits limits_;
  size_t at_ = 0;
  bool ended_ = false, failed_ = false;
  std::string_view series_, family_, text_;
  double value_ = 0;
  int64_t timestamp_ms_ = 0;
  bool has_timestamp_ = false, matched_ = false, has_exemplar_ = false;
  Exemplar exemplar_;
  uint32_t type_ = TARSIER_SERIES_UNKNOWN;
  uint64_t samples_ = 0;
  Error error_{TARSIER_OK, {}};
};

}  // namespace tarsier::exposition
