// The known name that a misspelt one was probably meant to be.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace tarsier::config {

/// Insertions, deletions, substitutions and swaps of neighbours that lead from one to the other.
size_t edit_distance(std::string_view left, std::string_view right);

/// The closest of `known`, or the only one that begins or ends with it (`scrape_interval` for `interval`); "" when none is a likely
/// meaning. '-' and '_' count as the same.
std::string nearest(std::string_view name, std::span<const std::string> known);

/// `; did you mean "interval"?`, or the first ten that are known, or nothing: the end of a message about an unknown name.
std::string suggestion(std::string_view name, std::span<const std::string> known);

}  // namespace tarsier::config
