// Walks a page in the text format. See README.md for what is accepted and for lifetimes.
#pragma once

#include <cstdint>
#include <string_view>

#include "plugins/lib/exposition/series_text.hpp"
#include "tarsier/abi/batch.h"

namespace tarsier::exposition {

/// What a line of a page says; text pages have no units.
enum class Entry : uint8_t { sample, help, type, unit, end, invalid };

class TextParser {
 public:
  static constexpr bool kHelpEscapesQuotes = false;
  explicit TextParser(std::string_view page, const Limits& limits = {}) : page_(page), limits_(limits) {}

  /// The next entry; comments and empty lines are skipped. After `end` or `invalid` the same is returned again. When the next line
  /// begins with `expected_series`, its labels are not looked at: give only what an earlier sample's series() said.
  Entry next(std::string_view expected_series = {});

  // Of the sample, until the next call.
  /// As written, without blanks at the end; labels come from SeriesText.
  std::string_view series() const noexcept { return series_; }
  /// True when the sample is of the series that was expected.
  bool matched() const noexcept { return matched_; }
  double value() const noexcept { return value_; }
  bool has_timestamp() const noexcept { return has_timestamp_; }
  int64_t timestamp_ms() const noexcept { return timestamp_ms_; }

  // Of HELP and TYPE.
  /// As written: a quoted name without its quotes, escapes unresolved.
  std::string_view family() const noexcept { return family_; }
  /// Escapes unresolved; see unescape_help.
  std::string_view help() const noexcept { return help_; }
  /// TARSIER_SERIES_*
  uint32_t type() const noexcept { return type_; }

  /// Of `invalid`: "line 3: ...".
  const Error& error() const noexcept { return error_; }
  uint64_t samples() const noexcept { return samples_; }
  /// Where in the page the next entry begins.
  size_t position() const noexcept { return at_; }

 private:
  Entry read_sample(std::string_view expected);
  Entry read_comment();
  Entry read_metadata(bool is_help, std::string_view rest);
  bool read_timestamp(std::string_view& rest);
  Entry fail(std::string what);
  Entry fail_limit(std::string what);

  std::string_view page_;
  Limits limits_;
  size_t at_ = 0;
  bool failed_ = false;
  std::string_view series_, family_, help_;
  double value_ = 0;
  int64_t timestamp_ms_ = 0;
  bool has_timestamp_ = false;
  bool matched_ = false;
  uint32_t type_ = TARSIER_SERIES_UNKNOWN;
  uint64_t samples_ = 0;
  Error error_{TARSIER_OK, {}};
};

/// Resolves \\ and \n, and \" where `quotes` are escaped, too.
std::string unescape_help(std::string_view help, bool quotes = false);

/// Walks a whole page. The visitor has on_sample(SeriesText&, value, has_timestamp, timestamp_ms), on_help(family, help) and
/// on_type(family, type).
template <class Visitor>
Result<void> parse_text(std::string_view page, const Limits& limits, Visitor&& visitor) {
  TextParser parser(page, limits);
  SeriesText series;
  for (;;) {
    switch (parser.next()) {
      case Entry::sample:
        if (auto parsed = series.parse(parser.series(), limits); !parsed) return parsed;
        visitor.on_sample(series, parser.value(), parser.has_timestamp(), parser.timestamp_ms());
        break;
      case Entry::help:
        visitor.on_help(parser.family(), parser.help());
        break;
      case Entry::type:
        visitor.on_type(parser.family(), parser.type());
        break;
      case Entry::unit:
      case Entry::end:
        return {};
      case Entry::invalid:
        return parser.error();
    }
  }
}

}  // namespace tarsier::exposition
