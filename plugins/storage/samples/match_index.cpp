#include "match_index.hpp"

#include <numeric>

namespace tarsier::samples {
namespace {

/// Series whose label has a value that is positive() for the matcher. Absent labels are not among them.
Result<SeriesIds> positive_series(const LabelIndex& index, const Matcher& matcher) {
  SeriesIds ids;
  if (matcher.enumerable()) {
    for (const std::string& text : matcher.texts()) {
      if (text.empty()) continue;
      if (auto found = index.postings(matcher.name(), text, ids); !found) return std::move(found).error();
    }
  } else {
    const auto wanted = [&](std::string_view value) { return matcher.positive(value); };
    const std::string* low = matcher.has_range() ? &matcher.low() : nullptr;
    const std::string* high = matcher.has_range() ? &matcher.high() : nullptr;
    if (auto found = index.scan(matcher.name(), low, high, wanted, ids); !found) return std::move(found).error();
  }
  unite(ids);
  return ids;
}

/// Series that have the label at all but do not match.
Result<SeriesIds> failing_series(const LabelIndex& index, const Matcher& matcher) {
  if (matcher.negated()) return positive_series(index, matcher);
  SeriesIds ids;
  const auto wanted = [&](std::string_view value) { return !matcher.positive(value); };
  if (auto found = index.scan(matcher.name(), nullptr, nullptr, wanted, ids); !found) return std::move(found).error();
  unite(ids);
  return ids;
}

/// Series that have the label and match.
Result<SeriesIds> matching_series(const LabelIndex& index, const Matcher& matcher) {
  if (!matcher.negated()) return positive_series(index, matcher);
  SeriesIds ids;
  const auto wanted = [&](std::string_view value) { return !matcher.positive(value); };
  if (auto found = index.scan(matcher.name(), nullptr, nullptr, wanted, ids); !found) return std::move(found).error();
  unite(ids);
  return ids;
}

}  // namespace

Result<SeriesIds> match(const LabelIndex& index, std::span<const Matcher> matchers) {
  SeriesIds ids;
  bool narrowed = false;
  // Enumerated texts first: they are look-ups and leave little for the others to intersect with.
  for (const bool look_up : {true, false}) {
    for (const Matcher& matcher : matchers) {
      if (matcher.matches_empty() || (matcher.enumerable() && !matcher.negated()) != look_up) continue;
      auto found = matching_series(index, matcher);
      if (!found) return std::move(found).error();
      ids = narrowed ? intersect(ids, *found) : std::move(*found);
      narrowed = true;
      if (ids.empty()) return ids;
    }
  }
  if (!narrowed) {
    ids.resize(index.series_count());
    std::iota(ids.begin(), ids.end(), 0U);
  }
  for (const Matcher& matcher : matchers) {
    if (!matcher.matches_empty()) continue;
    auto failing = failing_series(index, matcher);
    if (!failing) return std::move(failing).error();
    if (!failing->empty()) ids = subtract(ids, *failing);
  }
  return ids;
}

}  // namespace tarsier::samples
