// Appends families and samples in the text format to a string.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "plugins/lib/exposition/series_text.hpp"

namespace tarsier::exposition {

class TextWriter {
 public:
  explicit TextWriter(std::string& out) : out_(out) {}

  /// HELP (when not empty) and TYPE. `type` is one of counter, gauge, histogram, summary, untyped.
  void family(std::string_view name, std::string_view help, std::string_view type);
  void sample(std::string_view name, std::span<const LabelText> labels, double value, std::optional<int64_t> timestamp_ms = {});
  /// A sample whose series text is ready, as series() below made it.
  void sample(std::string_view series, double value);

  /// The text of a series, as a line begins with; names that are not plain are quoted (format 1.0.0).
  static void series(std::string& out, std::string_view name, std::span<const LabelText> labels);

 private:
  std::string& out_;
};

}  // namespace tarsier::exposition
