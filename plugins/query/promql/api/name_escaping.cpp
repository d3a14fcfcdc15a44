#include "plugins/query/promql/api/name_escaping.hpp"

#include <array>
#include <cstdint>
#include <cstdio>
#include <utility>

#include "plugins/lib/exposition/series_text.hpp"
#include "plugins/lib/promql/text.hpp"

namespace tarsier::promql {
namespace {

constexpr std::array<std::pair<std::string_view, Escaping>, 4> kNames = {{{"underscores", Escaping::kUnderscores},
                                                                          {"dots", Escaping::kDots},
                                                                          {"values", Escaping::kValues},
                                                                          {"allow-utf-8", Escaping::kUtf8}}};

bool goes_on(char c) { return (static_cast<uint8_t>(c) & 0xc0U) == 0x80U; }

bool is_plain(char c, bool first, bool colons) {
  return exposition::is_name_char(c) && (colons || c != ':') && !(first && c >= '0' && c <= '9');
}

/// The code point that begins at `at`, between underscores.
std::string code_at(std::string_view name, size_t at) {
  size_t end = at + 1;
  while (end < name.size() && goes_on(name[end])) ++end;
  const std::string_view character = name.substr(at, end - at);
  if (!is_utf8(character)) return "_FFFD_";
  const auto first = static_cast<uint8_t>(character[0]);
  uint32_t code = character.size() == 1 ? first : first & (0xffU >> (character.size() + 1));
  for (const char c : character.substr(1)) code = code << 6U | (static_cast<uint8_t>(c) & 0x3fU);
  std::array<char, 16> hex{};
  const int size = std::snprintf(hex.data(), hex.size(), "_%x_", code);
  return {hex.data(), static_cast<size_t>(size)};
}

}  // namespace

Escaping read_escaping(std::string_view accept) {
  constexpr std::string_view kKey = "escaping=";
  for (size_t at = accept.find(kKey); at != std::string_view::npos; at = accept.find(kKey, at + 1)) {
    const std::string_view rest = accept.substr(at + kKey.size());
    const std::string_view value = rest.substr(0, rest.find_first_of(";, "));
    for (const auto& [name, escaping] : kNames)
      if (name == value) return escaping;
  }
  return Escaping::kUnderscores;
}

std::string_view name_of(Escaping escaping) { return kNames[static_cast<size_t>(escaping)].first; }

std::string plain_name(std::string_view name, bool colons) {
  std::string out;
  for (size_t i = 0; i < name.size(); ++i) {
    if (goes_on(name[i])) continue;  // the rest of a character
    out.push_back(is_plain(name[i], i == 0, colons) ? name[i] : '_');
  }
  return out;
}

std::string escape_name(std::string_view name, Escaping escaping, bool colons) {
  if (escaping == Escaping::kUtf8) return std::string(name);
  const bool legacy = colons ? is_legacy_metric(name) : is_legacy_label(name);
  if (escaping == Escaping::kUnderscores || legacy) return plain_name(name, colons);
  const bool values = escaping == Escaping::kValues;
  std::string out = values ? "U__" : "";
  for (size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    if (goes_on(c)) continue;
    if (c != '_' && is_plain(c, i == 0, colons)) {
      out.push_back(c);
    } else if (c == '_' || (!values && c != '.')) {
      out += "__";
    } else if (!values) {
      out += "_dot_";
    } else {
      out += code_at(name, i);
    }
  }
  return out;
}

}  // namespace tarsier::promql
