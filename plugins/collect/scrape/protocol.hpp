// What a scrape asks for and what it takes: the Accept header and the rule for Content-Type.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tarsier/result.hpp"

namespace tarsier::scrape {

inline constexpr std::string_view kUserAgent = "Tarsier/0.1.0";

enum class Format { text, open_metrics, protobuf };

/// As Prometheus names and prefers them, where a job does not say otherwise. Only protobuf has native histograms.
std::vector<std::string> default_protocols(bool native_histograms);
inline constexpr std::string_view kAllowUtf8 = "allow-utf-8", kUnderscores = "underscores";
/// The header for protocols by their names, the best first, with names that are not plain written as `escaping` says.
std::string accept_header(std::span<const std::string> protocols, std::string_view escaping = kAllowUtf8);

/// What a body of that Content-Type is in. A blank, malformed or unknown type is refused, unless `fallback` (a protocol's name, or
/// "") says what to take it for.
Result<Format> format_of(std::string_view content_type, std::string_view fallback);

/// "404 Not Found"
std::string status_text(unsigned code);

}  // namespace tarsier::scrape
