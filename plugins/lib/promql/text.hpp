// Strings and durations as PromQL writes and reads them (Go's escapes, Prometheus' durations), and numbers as it writes them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tarsier::promql {

/// In double quotes with Go's escapes, as %q prints it.
std::string quote(std::string_view text);
/// The value of a quoted literal ('...', "..." or `...`); nullopt when it is malformed.
std::optional<std::string> unquote(std::string_view literal);

/// Why unquote takes a literal for malformed, in the words of the original.
std::string escape_fault(std::string_view literal);
/// At most 200 bytes of what somebody wrote, for a message.
std::string excerpt(std::string_view text);

/// "1h30m" as nanoseconds; nullopt for a malformed one or, as `out_of_range` is told, one past the range.
std::optional<int64_t> read_duration(std::string_view text, bool* out_of_range = nullptr);
/// "1h30m": the inverse, exact to the millisecond; "0s" for 0.
std::string write_duration(int64_t duration_ns);
/// Plain decimals, "+Inf", "-Inf", "NaN", as FormatFloat(v, 'f', -1, 64).
std::string write_number(double value);

/// [a-zA-Z_][a-zA-Z0-9_]*
bool is_legacy_label(std::string_view name);
/// The same with ':' allowed.
bool is_legacy_metric(std::string_view name);
bool is_utf8(std::string_view text);

}  // namespace tarsier::promql
