// The labels of one series, from the text that a sample line begins with: name{label="value",...} or {"name",label="value",...}.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tarsier/result.hpp"

namespace tarsier::exposition {

/// Bounds of what one page may hold; 0: none. Lengths are in bytes.
struct Limits {
  size_t line_bytes = size_t{1} << 20;
  size_t samples = 0;
  size_t labels = 0;
  size_t label_name_bytes = 0;
  size_t label_value_bytes = 0;
};

struct LabelText {
  std::string_view name;
  std::string_view value;
};

class SeriesText {
 public:
  /// Reads labels; escapes are resolved. `raw` must outlive the views. INVALID for anything that Prometheus refuses, RESOURCE for a
  /// limit.
  Result<void> parse(std::string_view raw, const Limits& limits);
  /// The same for a label set without a metric, such as an exemplar's: {label="value",...}.
  Result<void> parse_labels(std::string_view raw);

  std::string_view name() const noexcept { return name_; }
  /// Without the name, in the order of the page.
  std::span<const LabelText> labels() const noexcept { return labels_; }

 private:
  void clear(size_t bytes);
  Result<void> parse_braces(std::string_view text);
  Result<std::string_view> quoted(std::string_view& text, const char* what);
  std::string_view unescape(std::string_view text);
  Result<void> set_name(std::string_view name);
  const LabelText* find_repeated();
  Result<void> check(const Limits& limits);

  std::string_view name_;
  bool named_ = false;
  std::vector<LabelText> labels_;
  std::vector<const LabelText*> names_;  // sorted, when there are many
  std::string unescaped_;                // reserved before parsing, so that views into it stay
};

/// For messages: in quotes, cut when long.
std::string quote(std::string_view text);

// The characters of the format, for the parser beside.
bool is_name_start(char c) noexcept;  ///< of a metric name; label names lack ':'
bool is_name_char(char c) noexcept;
bool is_utf8(std::string_view text) noexcept;
/// Bytes up to and including the closing quote of a text that begins with '"'; 0 when there is none.
size_t quoted_size(std::string_view text) noexcept;
std::string_view skip_blanks(std::string_view text) noexcept;

}  // namespace tarsier::exposition
