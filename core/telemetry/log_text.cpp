#include "core/telemetry/log_text.hpp"

#include <cstdint>

namespace tarsier::telemetry {
namespace {

constexpr char kHex[] = "0123456789abcdef";
constexpr std::string_view kReplacement = "\xef\xbf\xbd";

/// The character at the front of `text`; size 0 when its bytes are no UTF-8.
struct Character {
  uint32_t code = 0;
  size_t size = 0;
};

Character front_character(std::string_view text) noexcept {
  const auto lead = static_cast<unsigned char>(text[0]);
  if (lead < 0x80) return {lead, 1};
  const size_t size = lead >= 0xc2 && lead < 0xe0 ? 2 : lead >= 0xe0 && lead < 0xf0 ? 3 : lead >= 0xf0 && lead < 0xf5 ? 4 : 0;
  if (size == 0 || size > text.size()) return {};
  uint32_t code = lead & (0xffU >> (size + 1));
  for (size_t i = 1; i < size; ++i) {
    const auto next = static_cast<unsigned char>(text[i]);
    if ((next & 0xc0U) != 0x80U) return {};
    code = code << 6U | (next & 0x3fU);
  }
  const bool overlong = (size == 3 && code < 0x800) || (size == 4 && code < 0x10000);
  if (overlong || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return {};
  return {code, size};
}

void append_hex_byte(std::string& out, unsigned char byte) {
  out += "\\x";
  out += kHex[byte >> 4U];
  out += kHex[byte & 0xfU];
}

void append_u(std::string& out, uint32_t code) {
  out += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4) out += kHex[code >> static_cast<unsigned>(shift) & 0xfU];
}

/// C1 controls; line and paragraph separators; the marks that change the direction of text, and so what a reader sees.
bool is_hidden(uint32_t code) noexcept {
  return (code >= 0x80 && code < 0xa0) || code == 0x2028 || code == 0x2029 || (code >= 0x202a && code <= 0x202e) ||
         (code >= 0x2066 && code <= 0x2069);
}

}  // namespace

void append_printable(std::string& out, std::string_view text) {
  while (!text.empty()) {
    const Character character = front_character(text);
    const auto byte = static_cast<unsigned char>(text[0]);
    if (character.size == 0 || (byte < 0x20 && byte != '\n' && byte != '\t' && byte != '\r') || byte == 0x7f) {
      append_hex_byte(out, byte);
    } else if (byte == '\n') {
      out += "\\n";
    } else if (byte == '\t') {
      out += "\\t";
    } else if (byte == '\r') {
      out += "\\r";
    } else if (is_hidden(character.code)) {
      append_u(out, character.code);
    } else {
      out += text.substr(0, character.size);
    }
    text.remove_prefix(character.size == 0 ? 1 : character.size);
  }
}

void append_json(std::string& out, std::string_view text) {
  while (!text.empty()) {
    const Character character = front_character(text);
    if (character.size == 0) {
      out += kReplacement;
    } else if (text[0] == '"' || text[0] == '\\') {
      out += '\\';
      out += text[0];
    } else if (character.code == '\n') {
      out += "\\n";
    } else if (character.code < 0x20 || character.code == 0x7f || is_hidden(character.code)) {
      append_u(out, character.code);
    } else {
      out += text.substr(0, character.size);
    }
    text.remove_prefix(character.size == 0 ? 1 : character.size);
  }
}

void append_valid(std::string& out, std::string_view text) {
  while (!text.empty()) {
    const Character character = front_character(text);
    out += character.size == 0 ? kReplacement : text.substr(0, character.size);
    text.remove_prefix(character.size == 0 ? 1 : character.size);
  }
}

std::string_view cut_text(std::string_view text, size_t size) noexcept {
  if (text.size() <= size) return text;
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xc0U) == 0x80U) --size;
  return text.substr(0, size);
}

}  // namespace tarsier::telemetry
