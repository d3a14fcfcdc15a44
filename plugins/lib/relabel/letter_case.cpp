// ASCII needs no table. The rest comes from the C library's table of C.UTF-8, so the host's environment does not matter.
#include "plugins/lib/relabel/letter_case.hpp"

#include <algorithm>
#include <clocale>
#include <cwctype>

#include "tarsier/utf8.hpp"

namespace tarsier::relabel {
namespace {

constexpr char32_t kNoCharacter = 0xfffd;

class Locale {
 public:
  Locale() : locale_(newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr)) {}
  Locale(const Locale&) = delete;
  Locale& operator=(const Locale&) = delete;
  ~Locale() {
    if (locale_ != nullptr) freelocale(locale_);
  }
  char32_t lower(char32_t c) const {
    return locale_ == nullptr ? c : static_cast<char32_t>(towlower_l(static_cast<wint_t>(c), locale_));
  }
  char32_t upper(char32_t c) const {
    return locale_ == nullptr ? c : static_cast<char32_t>(towupper_l(static_cast<wint_t>(c), locale_));
  }

 private:
  const locale_t locale_;
};

char32_t take_character(std::string_view& text) {
  const auto lead = static_cast<unsigned char>(text.front());
  const size_t size = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  if (size > text.size() || !is_utf8(text.substr(0, size))) {
    text.remove_prefix(1);
    return kNoCharacter;
  }
  char32_t character = size == 1 ? lead : lead & (0xffU >> (size + 1));
  for (size_t i = 1; i < size; ++i) character = character << 6U | (static_cast<unsigned char>(text[i]) & 0x3fU);
  text.remove_prefix(size);
  return character;
}

void append(std::string& out, char32_t c) {
  const auto last = [&](unsigned shift) { out += static_cast<char>(0x80U | (c >> shift & 0x3fU)); };
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xc0U | c >> 6U);
    last(0);
  } else if (c < 0x10000) {
    out += static_cast<char>(0xe0U | c >> 12U);
    last(6);
    last(0);
  } else {
    out += static_cast<char>(0xf0U | c >> 18U);
    last(12);
    last(6);
    last(0);
  }
}

template <class Ascii, class Letter>
std::string mapped(std::string_view text, Ascii ascii, Letter letter) {
  std::string out;
  out.reserve(text.size());
  if (std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; })) {
    std::transform(text.begin(), text.end(), std::back_inserter(out), ascii);
    return out;
  }
  const Locale locale;
  while (!text.empty()) append(out, letter(locale, take_character(text)));
  return out;
}

}  // namespace

std::string to_lower(std::string_view text) {
  return mapped(
      text, [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; },
      [](const Locale& locale, char32_t c) { return locale.lower(c); });
}

std::string to_upper(std::string_view text) {
  return mapped(
      text, [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; },
      [](const Locale& locale, char32_t c) { return locale.upper(c); });
}

}  // namespace tarsier::relabel
