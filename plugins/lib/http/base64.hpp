// Bytes as text. (RFC 4648, section 4)
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tarsier::net {

std::string base64(std::string_view bytes);
/// Nothing for what is none. Line breaks and blanks do not count, and the padding may be missing.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace tarsier::net
