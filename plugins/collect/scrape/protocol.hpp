// What a scrape asks for and what it takes: the Accept header and the rule for Content-Type.
#pragma once

#include <string>
#include <string_view>

#include "tarsier/result.hpp"

namespace tarsier::scrape {

/// The formats that are read, the best first.
inline constexpr std::string_view kAccept =
    "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.6,text/plain;version=0.0.4;q=0.5,*/*;q=0.4";
inline constexpr std::string_view kUserAgent = "Tarsier/0.1.0";

/// OK when a body of that Content-Type is in the text format. A blank, malformed or unknown type is refused, unless `fallback` (one
/// of PrometheusText0.0.4, PrometheusText1.0.0, or "") says what to take it for.
Result<void> check_content_type(std::string_view content_type, std::string_view fallback);

/// "404 Not Found"
std::string status_text(unsigned code);

}  // namespace tarsier::scrape
