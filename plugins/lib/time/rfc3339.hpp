// Wall times as text by RFC 3339, in UTC, in the forms that the APIs we speak use.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "tarsier/result.hpp"

namespace tarsier {

/// Up to nine digits of a second, trailing zeros cut, as Go prints times. 0 is Go's zero time, 0001-01-01T00:00:00Z: "never".
std::string print_rfc3339(int64_t ns);
/// Exactly three digits, as Alertmanager's API prints times; 0 as above.
std::string print_rfc3339_ms(int64_t ns);
/// With any offset and any number of digits. Go's zero time, and whatever is before 1970 minus 200 years, reads as 0; INVALID
/// otherwise.
Result<int64_t> parse_rfc3339(std::string_view text);

}  // namespace tarsier
