// Where the text of a series ends in a line, found without looking at what its labels say.
#pragma once

#include <cstddef>
#include <string_view>

namespace tarsier::exposition {

/// Bytes before the first line break.
size_t line_size(std::string_view text) noexcept;
/// Bytes of a value or timestamp at the begin of `text`.
size_t word_size(std::string_view text) noexcept;
bool is_blank(char c) noexcept;

/// Of the text format: blanks may stand around the braces and in them. Name and label set; 0 when a quote or the brace is not
/// closed or there is no name.
size_t loose_series_size(std::string_view text) noexcept;
/// Of OpenMetrics: no blanks, and commas between labels, and only there. 0 when it is none.
size_t strict_series_size(std::string_view text) noexcept;
/// The same of a label set alone, from its brace on.
size_t strict_labels_size(std::string_view text) noexcept;

/// True when the series of `line` is `expected`: what follows cannot go on with it.
bool begins_with_series(std::string_view line, std::string_view expected) noexcept;

}  // namespace tarsier::exposition
