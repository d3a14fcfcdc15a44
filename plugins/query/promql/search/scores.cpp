#include "plugins/query/promql/search/scores.hpp"

#include <algorithm>
#include <clocale>
#include <cstddef>
#include <cstdint>
#include <cwctype>
#include <optional>
#include <utility>
#include <vector>

#include "tarsier/utf8.hpp"

namespace tarsier::promql::search {
namespace {

constexpr char32_t kNoCharacter = 0xfffd;

/// The letters of Unicode, whatever the language of the host's environment.
class SmallLetters {
 public:
  SmallLetters() : locale_(newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr)) {}
  SmallLetters(const SmallLetters&) = delete;
  SmallLetters& operator=(const SmallLetters&) = delete;
  ~SmallLetters() {
    if (locale_ != nullptr) freelocale(locale_);
  }
  char32_t of(char32_t letter) const {
    if (letter < 0x80) return letter >= U'A' && letter <= U'Z' ? letter - U'A' + U'a' : letter;
    return locale_ == nullptr ? letter : static_cast<char32_t>(towlower_l(static_cast<wint_t>(letter), locale_));
  }

 private:
  const locale_t locale_;
};

/// Takes one character of well-formed UTF-8 or one byte.
char32_t take_character(std::string_view& text) {
  const auto lead = static_cast<unsigned char>(text.front());
  const size_t size = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  if (size == 1 || !is_utf8(text.substr(0, size))) {
    text.remove_prefix(1);
    return size == 1 ? lead : kNoCharacter;
  }
  char32_t character = lead & (0xffU >> (size + 1));
  for (size_t i = 1; i < size; ++i) character = character << 6U | (static_cast<unsigned char>(text[i]) & 0x3fU);
  text.remove_prefix(size);
  return character;
}

/// Runs of characters that stand in both texts, each counted with the square of its length.
struct Runs {
  std::u32string_view term, text;
  const double of_text = 1.0 / static_cast<double>(text.size());

  /// The sum of the term as it is first found from `begin` on; none: not all of it is.
  std::optional<double> from(size_t begin) const {
    double sum = 0;
    size_t done = 0, behind = 0;  // of the term; where in the text the last run ends
    while (done < term.size()) {
      const size_t start = text.find(term[done], done == 0 ? begin : behind);
      if (start == std::u32string_view::npos) return std::nullopt;
      size_t end = start;
      for (; done < term.size() && end < text.size() && text[end] == term[done]; ++end) ++done;
      sum -= static_cast<double>(start - behind) * of_text;
      sum += static_cast<double>((end - start) * (end - start));
      behind = end;
    }
    return sum - static_cast<double>(text.size() - behind) * of_text * 0.5;
  }
};

/// Of two texts, the longer last, which characters have a partner at nearly the same place in the other one.
struct Partners {
  std::vector<char> in_short, in_long;
  size_t count = 0;

  Partners(std::u32string_view shorter, std::u32string_view longer) : in_short(shorter.size()), in_long(longer.size()) {
    const size_t reach = std::max<size_t>(longer.size() / 2, 1) - 1;
    for (size_t i = 0; i < shorter.size(); ++i) {
      const size_t end = std::min(i + reach + 1, longer.size());
      for (size_t j = i > reach ? i - reach : 0; j < end; ++j) {
        if (in_long[j] != 0 || shorter[i] != longer[j]) continue;
        in_short[i] = in_long[j] = 1;
        ++count;
        break;
      }
    }
  }
  /// How many of them stand in another order.
  size_t out_of_order(std::u32string_view shorter, std::u32string_view longer) const {
    size_t found = 0;
    for (size_t i = 0, j = 0; i < shorter.size(); ++i) {
      if (in_short[i] == 0) continue;
      while (in_long[j] == 0) ++j;
      found += shorter[i] != longer[j++] ? 1 : 0;
    }
    return found;
  }
};

}  // namespace

std::u32string characters(std::string_view text, bool fold) {
  static const SmallLetters small;
  std::u32string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const char32_t character = take_character(text);
    out.push_back(fold ? small.of(character) : character);
  }
  return out;
}

double substring_score(std::u32string_view term, std::u32string_view text) {
  const size_t at = text.find(term);
  if (at == std::u32string_view::npos) return 0;
  if (at == 0) return 1;
  return 1 - 0.9 * static_cast<double>(at) / static_cast<double>(text.size() - term.size());
}

double subsequence_score(std::u32string_view term, std::u32string_view text) {
  if (term == text || term.empty()) return 1;
  if (term.size() > text.size()) return 0;
  const Runs runs{term, text};
  double best = 0;
  for (size_t at = text.find(term[0]); at != std::u32string_view::npos; at = text.find(term[0], at + 1)) {
    const auto sum = runs.from(at);
    if (!sum) break;  // what begins later has even less of the text before it
    best = std::max(best, *sum);
  }
  constexpr double kNotTheSame = 0.999;
  return best / static_cast<double>(term.size() * term.size()) * kNotTheSame;
}

double jaro_winkler_score(std::u32string_view term, std::u32string_view text) {
  if (term == text) return 1;
  if (term.empty() || text.empty()) return 0;
  auto [shorter, longer] = term.size() <= text.size() ? std::pair(term, text) : std::pair(text, term);
  const Partners partners(shorter, longer);
  if (partners.count == 0) return 0;
  const auto count = static_cast<double>(partners.count);
  const double crossed = static_cast<double>(partners.out_of_order(shorter, longer)) * 0.5;
  const double jaro = (count * (1 / static_cast<double>(shorter.size())) + count * (1 / static_cast<double>(longer.size())) +
                       (count - crossed) / count) /
                      3;
  size_t same = 0;
  while (same < std::min<size_t>(4, shorter.size()) && shorter[same] == longer[same]) ++same;
  return jaro + static_cast<double>(same) * 0.1 * (1 - jaro);
}

}  // namespace tarsier::promql::search
