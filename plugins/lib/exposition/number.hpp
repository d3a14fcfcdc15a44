// Sample values as text: what Go's strconv accepts and how Go's client library prints.
#pragma once

#include <string>
#include <string_view>

namespace tarsier::exposition {

/// Decimal numbers, NaN and Inf in any case with an optional sign. Hexadecimal numbers, '_' and values past the range of a double
/// are refused. Every NaN reads as the same quiet one, so a page cannot forge a staleness marker.
bool parse_number(std::string_view text, double& value) noexcept;

/// The shortest text that reads back as the same value: "0.5", "1e+06", "NaN", "+Inf".
void append_number(std::string& out, double value);
/// The same so that it cannot be an integer's: "1.0". (OpenMetrics 1.0, canonical numbers)
void append_open_metrics_number(std::string& out, double value);

}  // namespace tarsier::exposition
