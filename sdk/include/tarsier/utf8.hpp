// tarsier/utf8.hpp - whether bytes are UTF-8.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace tarsier {

/// [any] Well-formed UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing above U+10FFFF. Plain ASCII costs an eighth of a
/// step a byte.
inline bool is_utf8(std::string_view text) noexcept {
  const auto* at = reinterpret_cast<const unsigned char*>(text.data());
  const auto* const end = at + text.size();
  while (at != end) {
    while (end - at >= 8) {
      uint64_t word = 0;
      std::memcpy(&word, at, sizeof(word));
      if ((word & 0x8080808080808080U) != 0) break;
      at += 8;
    }
    if (at == end) break;
    const unsigned char lead = *at++;
    if (lead < 0x80) continue;
    if (lead < 0xc2 || lead > 0xf4) return false;
    const int more = lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
    if (end - at < more) return false;
    const unsigned char low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;   // overlong below
    const unsigned char high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;  // surrogates, or beyond Unicode above
    if (*at < low || *at > high) return false;
    for (int i = 1; i < more; ++i)
      if ((at[i] & 0xc0U) != 0x80) return false;
    at += more;
  }
  return true;
}

}  // namespace tarsier
