#include "plugins/query/promql/search/terms.hpp"

#include <algorithm>

#include "plugins/query/promql/search/scores.hpp"

namespace tarsier::promql::search {

Terms::Terms(const std::vector<std::string_view>& terms, const Taste& taste) : taste_(taste) {
  terms_.reserve(terms.size());
  for (const std::string_view term : terms)
    if (!term.empty()) terms_.push_back(characters(term, !taste.case_sensitive));
}

std::optional<double> Terms::score(std::string_view name) const {
  if (terms_.empty()) return 1;
  constexpr size_t kMostBytesOfACharacter = 4;
  const std::u32string whole = characters(name.substr(0, kComparedCharacters * kMostBytesOfACharacter), !taste_.case_sensitive);
  const std::u32string_view compared = std::u32string_view(whole).substr(0, kComparedCharacters);
  double best = 0;
  for (const std::u32string& term : terms_) best = std::max(best, score(term, compared));
  return best > 0 ? std::optional(best) : std::nullopt;
}

/// 0: it does not fit.
double Terms::score(const std::u32string& term, std::u32string_view name) const {
  if (taste_.likeness == Likeness::kSubsequence) {
    if (name.substr(0, term.size()) == term) return 1;
    const double score = subsequence_score(term, name);
    return score >= taste_.least ? score : 0;
  }
  if (const double score = substring_score(term, name); score > 0 || taste_.least == 0) return score;
  const double score = jaro_winkler_score(term, name);
  return score >= taste_.least ? score : 0;
}

}  // namespace tarsier::promql::search
