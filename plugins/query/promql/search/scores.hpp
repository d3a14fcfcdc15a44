// How well a text that somebody types fits a name, from 0 (not at all) to 1, as the original's search tells it.
#pragma once

#include <string>
#include <string_view>

namespace tarsier::promql::search {

/// The characters of UTF-8, in small letters if `fold`. What is no character becomes U+FFFD, a byte at a time.
std::u32string characters(std::string_view text, bool fold);

/// `text` contains `term`: 1 at its beginning, down to 0.1 at its end.
double substring_score(std::u32string_view term, std::u32string_view text);

/// The characters of `term` stand in `text` in this order: long runs of them count much, gaps before, between and behind them
/// against it. Takes the best of the places where it can begin, so up to the square of the text's length in time.
double subsequence_score(std::u32string_view term, std::u32string_view text);

/// The Jaro-Winkler similarity: how many characters agree at nearly the same places, and the first four more so.
double jaro_winkler_score(std::u32string_view term, std::u32string_view text);

}  // namespace tarsier::promql::search
