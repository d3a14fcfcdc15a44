// Text that others wrote, made safe to print: well-formed UTF-8 without control characters.
#pragma once

#include <string>
#include <string_view>

namespace tarsier::telemetry {

/// For a terminal or a line of text: control characters become \n, \t, \x1b, \u0085; other bytes that are no UTF-8 \xff.
void append_printable(std::string& out, std::string_view text);
/// The inside of a JSON string; bytes that are no UTF-8 become U+FFFD.
void append_json(std::string& out, std::string_view text);
/// As it is, but for bytes that are no UTF-8: those become U+FFFD.
void append_valid(std::string& out, std::string_view text);
/// At most `size` bytes, cut at a character boundary.
std::string_view cut_text(std::string_view text, size_t size) noexcept;

}  // namespace tarsier::telemetry
