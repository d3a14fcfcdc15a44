// Letters of Unicode made small or capital, one character for one, as Go's strings.ToLower and ToUpper do.
#pragma once

#include <string>
#include <string_view>

namespace tarsier::relabel {

/// Bytes that are not UTF-8 become U+FFFD, each.
std::string to_lower(std::string_view text);
std::string to_upper(std::string_view text);

}  // namespace tarsier::relabel
