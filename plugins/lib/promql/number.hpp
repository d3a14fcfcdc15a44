// Numbers as text: those of the language, and those of parameters and labels, which Prometheus reads by another rule.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace tarsier::promql {

/// As Go's ParseFloat: decimal with an exponent, hexadecimal with 'p', '_' between digits, Inf and NaN in any case. Leading zeros
/// mean nothing. None when malformed or, as `out_of_range` is told, too large for a double.
std::optional<double> read_float(std::string_view text, bool* out_of_range = nullptr);
/// A number of the language: as Go's ParseInt with base 0 (0x1f; 017 is 15) where that takes it, else as read_float.
std::optional<double> read_number(std::string_view text, bool* out_of_range = nullptr);
/// A whole number as Go's Atoi: a sign and decimal digits.
std::optional<int64_t> read_integer(std::string_view text, bool* out_of_range = nullptr);
/// Whether each '_' stands between digits, or behind 0x.
bool underscores_fit(std::string_view text);

}  // namespace tarsier::promql
