#include "match_index.hpp"

#include <numeric>

namespace tarsier::samples {
namespace {

/// Series that have one of the texts of the matcher.
Result<SeriesIds> look_up(const LabelIndex& index, const Matcher& matcher) {
  SeriesIds ids;
  for (const std::string& text : matcher.texts()) {
    if (text.empty()) continue;
    if (auto found = index.postings(matcher.name(), text, ids); !found) return std::move(found).error();
  }
  unite(ids);
  return ids;
}

/// Leaves of `ids` those that have the label with a value that is positive() for the matcher, or, `negative`, is not.
Result<void> keep(const LabelIndex& index, const Matcher& matcher, bool negative, SeriesIds& ids) {
  const auto wanted = [&](std::string_view value) { return matcher.positive(value) != negative; };
  const bool range = matcher.has_range() && !negative;
  return index.filter(matcher.name(), range ? &matcher.low() : nullptr, range ? &matcher.high() : nullptr, wanted, ids);
}

/// The same of all series.
Result<SeriesIds> find(const LabelIndex& index, const Matcher& matcher, bool negative) {
  SeriesIds ids;
  const auto wanted = [&](std::string_view value) { return matcher.positive(value) != negative; };
  const bool range = matcher.has_range() && !negative;
  auto found = index.scan(matcher.name(), range ? &matcher.low() : nullptr, range ? &matcher.high() : nullptr, wanted, ids);
  if (!found) return std::move(found).error();
  unite(ids);
  return ids;
}

/// Of those that have the label, the series for which a matcher fails that holds for absent ones.
Result<SeriesIds> failing(const LabelIndex& index, const Matcher& matcher, const SeriesIds& among) {
  if (matcher.negated() && matcher.enumerable()) return look_up(index, matcher);
  SeriesIds ids = among;
  if (auto kept = keep(index, matcher, !matcher.negated(), ids); !kept) return std::move(kept).error();
  return ids;
}

}  // namespace

Result<void> LabelIndex::filter(std::string_view name, const std::string* low, const std::string* high,
                                const std::function<bool(std::string_view)>& wanted, SeriesIds& ids) const {
  SeriesIds found;
  if (auto scanned = scan(name, low, high, wanted, found); !scanned) return scanned;
  unite(found);
  ids = intersect(ids, found);
  return {};
}

Result<SeriesIds> match(const LabelIndex& index, std::span<const Matcher> matchers) {
  SeriesIds ids;
  bool narrowed = false;
  const auto is_look_up = [](const Matcher& matcher) { return matcher.enumerable() && !matcher.negated(); };
  // Texts first: they are look-ups and leave little for the others.
  for (const Matcher& matcher : matchers) {
    if (matcher.matches_empty() || !is_look_up(matcher)) continue;
    auto found = look_up(index, matcher);
    if (!found) return std::move(found).error();
    ids = narrowed ? intersect(ids, *found) : std::move(*found);
    narrowed = true;
    if (ids.empty()) return ids;
  }
  for (const Matcher& matcher : matchers) {
    if (matcher.matches_empty() || is_look_up(matcher)) continue;
    if (narrowed) {
      if (auto kept = keep(index, matcher, matcher.negated(), ids); !kept) return std::move(kept).error();
    } else {
      auto found = find(index, matcher, matcher.negated());
      if (!found) return std::move(found).error();
      ids = std::move(*found);
      narrowed = true;
    }
    if (ids.empty()) return ids;
  }
  if (!narrowed) {
    ids.resize(index.series_count());
    std::iota(ids.begin(), ids.end(), 0U);
  }
  for (const Matcher& matcher : matchers) {
    if (!matcher.matches_empty()) continue;
    auto gone = failing(index, matcher, ids);
    if (!gone) return std::move(gone).error();
    if (!gone->empty()) ids = subtract(ids, *gone);
  }
  return ids;
}

}  // namespace tarsier::samples
