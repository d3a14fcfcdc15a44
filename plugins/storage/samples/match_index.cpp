#include "match_index.hpp"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace tarsier::samples {
namespace {

/// Of the series that have the label: those whose value is positive() for the matcher, or, `negative`, is not.
struct Wanted {
  const Matcher& matcher;
  bool negative = false;
  bool holds(std::string_view value) const { return matcher.positive(value) != negative; }
};

/// A matcher that is a look-up of texts, and what the index has of them.
struct LookUp {
  std::vector<StoredSet> sets;
  uint64_t size = 0;
};

Result<LookUp> look_up(const LabelIndex& index, const Matcher& matcher) {
  LookUp found;
  auto name = index.symbol(matcher.name());
  if (!name) return std::move(name).error();
  if (*name == kNoSymbol) return found;
  for (const std::string& text : matcher.texts()) {
    auto value = text.empty() ? Result<uint32_t>(kNoSymbol) : index.symbol(text);
    if (!value) return std::move(value).error();
    if (*value == kNoSymbol) continue;
    auto set = index.postings(*name, *value);
    if (!set) return std::move(set).error();
    if (set->size() == 0) continue;
    found.size += set->size();
    found.sets.push_back(*set);
  }
  return found;
}

/// Puts the union into `room`, or returns the one set there is where it lies.
Result<const IdSet*> read(const LookUp& found, IdSet& room) {
  if (found.sets.size() == 1) return found.sets.front().read(room);
  IdUnion all;
  for (const StoredSet& stored : found.sets) {
    auto set = stored.read(room);
    if (!set) return set;
    all.add(**set);
  }
  room = all.take();
  return &room;
}

/// Of a series' pairs the value of a name; kNoSymbol when it has none.
uint32_t value_of(std::span<const uint32_t> pairs, uint32_t name) noexcept {
  for (size_t i = 0; i < pairs.size(); i += 2) {
    if (pairs[i] == name) return pairs[i + 1];
  }
  return kNoSymbol;
}

/// Looks at the series one by one; each value is asked about once.
Result<IdSet> having_among(const LabelIndex& index, uint32_t name, const Wanted& wanted, const IdSet& among) {
  IdSet found;
  std::unordered_map<uint32_t, bool> known;
  known.reserve(among.size());
  for (const uint32_t id : among) {
    auto pairs = index.pairs_of(id);
    if (!pairs) return std::move(pairs).error();
    const uint32_t value = value_of(*pairs, name);
    if (value == kNoSymbol) continue;
    const auto [held, fresh] = known.try_emplace(value);
    if (fresh) {
      auto text = index.text(value);
      if (!text) return std::move(text).error();
      held->second = wanted.holds(*text);
    }
    if (held->second) found.append(id);
  }
  return found;
}

/// The series that have the label with a value that is wanted; where `among` is not null, perhaps only those of them.
Result<IdSet> having(const LabelIndex& index, const Wanted& wanted, const IdSet* among) {
  const Matcher& matcher = wanted.matcher;
  auto name = index.symbol(matcher.name());
  if (!name) return std::move(name).error();
  if (*name == kNoSymbol) return IdSet();
  if (among != nullptr && index.rather_series(among->size(), *name)) return having_among(index, *name, wanted, *among);
  IdUnion all;
  IdSet room;
  const LabelIndex::TextRange range = {matcher.low(), matcher.high()};
  const bool has_range = matcher.has_range() && !wanted.negative;
  auto done = index.each_value(*name, has_range ? &range : nullptr, [&](uint32_t value, const StoredSet& series) -> Result<bool> {
    auto text = index.text(value);
    if (!text) return std::move(text).error();
    if (!wanted.holds(*text)) return true;
    auto set = series.read(room);
    if (!set) return std::move(set).error();
    all.add(**set);
    return true;
  });
  if (!done) return std::move(done).error();
  return all.take();
}

/// What the matchers that were applied so far have left.
class Narrowed {
 public:
  explicit Narrowed(const LabelIndex& index) : index_(index) {}
  void keep(const IdSet& set) { ids_ = std::exchange(narrowed_, true) ? intersect(ids_, set) : set; }
  void remove(const IdSet& set) {
    if (!set.empty()) ids_ = subtract(all(), set);
  }
  bool empty() const noexcept { return narrowed_ && ids_.empty(); }
  /// Null: all series.
  const IdSet* among() const noexcept { return narrowed_ ? &ids_ : nullptr; }
  IdSet& all() {
    if (!std::exchange(narrowed_, true)) ids_ = IdSet::first(index_.series_count());
    return ids_;
  }

 private:
  const LabelIndex& index_;
  IdSet ids_;
  bool narrowed_ = false;
};

bool is_look_up(const Matcher& matcher) noexcept { return matcher.enumerable() && !matcher.negated(); }

/// The smallest first, which is known before any is decoded: it leaves little for the others.
Result<void> keep_look_ups(const LabelIndex& index, std::span<const Matcher> matchers, Narrowed& left) {
  std::vector<LookUp> found;
  for (const Matcher& matcher : matchers) {
    if (matcher.matches_empty() || !is_look_up(matcher)) continue;
    auto sets = look_up(index, matcher);
    if (!sets) return std::move(sets).error();
    found.push_back(std::move(*sets));
  }
  std::sort(found.begin(), found.end(), [](const LookUp& a, const LookUp& b) { return a.size < b.size; });
  IdSet room;
  for (const LookUp& one : found) {
    if (left.empty()) return {};
    auto set = read(one, room);
    if (!set) return std::move(set).error();
    left.keep(**set);
  }
  return {};
}

Result<void> remove_failing(const LabelIndex& index, const Matcher& matcher, Narrowed& left) {
  if (!matcher.negated() || !matcher.enumerable()) {
    auto failing = having(index, {matcher, !matcher.negated()}, left.among());
    if (!failing) return std::move(failing).error();
    left.remove(*failing);
    return {};
  }
  auto found = look_up(index, matcher);
  if (!found) return std::move(found).error();
  IdSet room;
  auto failing = read(*found, room);
  if (!failing) return std::move(failing).error();
  left.remove(**failing);
  return {};
}

}  // namespace

Result<IdSet> match(const LabelIndex& index, std::span<const Matcher> matchers) {
  Narrowed left(index);
  if (auto kept = keep_look_ups(index, matchers, left); !kept) return std::move(kept).error();
  for (const Matcher& matcher : matchers) {
    if (left.empty()) break;
    if (matcher.matches_empty() || is_look_up(matcher)) continue;
    auto found = having(index, {matcher, matcher.negated()}, left.among());
    if (!found) return std::move(found).error();
    left.keep(*found);
  }
  for (const Matcher& matcher : matchers) {
    if (left.empty()) break;
    if (!matcher.matches_empty()) continue;
    if (auto removed = remove_failing(index, matcher, left); !removed) return std::move(removed).error();
  }
  return std::move(left.all());
}

namespace {

/// Calls use(value) for values of a name that any of the series has, until it returns false.
Result<void> each_value_of(const LabelIndex& index, uint32_t name, const IdSet* series, const UseSymbol& use) {
  IdSet room;
  return index.each_value(name, nullptr, [&](uint32_t value, const StoredSet& stored) -> Result<bool> {
    if (series == nullptr) return use(value);
    auto set = stored.read(room);
    if (!set) return std::move(set).error();
    return meet(**set, *series) ? use(value) : Result<bool>(true);
  });
}

/// Calls use(pairs) for each series, until it returns an error.
template <class Use>
Result<void> each_pairs(const LabelIndex& index, const IdSet& series, Use&& use) {
  for (const uint32_t id : series) {
    auto pairs = index.pairs_of(id);
    if (!pairs) return std::move(pairs).error();
    if (Result<void> used = use(*pairs); !used) return used;
  }
  return {};
}

/// What comes in no order goes on whatever `use` says.
Result<bool> use_in_order(const LabelIndex& index, const UseSymbol& use, uint32_t symbol) {
  auto more = use(symbol);
  if (!more) return more;
  return *more || !index.is_ordered();
}

}  // namespace

Result<void> values_of(const LabelIndex& index, std::string_view name, const IdSet* series, const UseSymbol& use) {
  auto symbol = index.symbol(name);
  if (!symbol) return std::move(symbol).error();
  if (*symbol == kNoSymbol) return {};
  if (series == nullptr || !index.rather_series(series->size(), *symbol))
    return each_value_of(index, *symbol, series, [&](uint32_t value) { return use_in_order(index, use, value); });
  return each_pairs(index, *series, [&](std::span<const uint32_t> pairs) -> Result<void> {
    const uint32_t value = value_of(pairs, *symbol);
    if (value == kNoSymbol) return {};
    auto used = use(value);
    return used ? Result<void>() : std::move(used).error();
  });
}

/// There are few.
Result<void> names_of(const LabelIndex& index, const IdSet* series, const UseSymbol& use) {
  constexpr uint32_t kFewSeries = 4096;
  std::unordered_set<uint32_t> names;
  std::vector<uint32_t> all;
  if (series != nullptr && series->size() <= kFewSeries) {
    auto done = each_pairs(index, *series, [&](std::span<const uint32_t> pairs) -> Result<void> {
      for (size_t i = 0; i < pairs.size(); i += 2) names.insert(pairs[i]);
      return {};
    });
    if (!done) return done;
    all.assign(names.begin(), names.end());
    series = nullptr;  // each is known to have one
  } else {
    index.names(all);
  }
  for (const uint32_t name : all) {
    bool has = series == nullptr;
    if (!has) {  // the first value that they have is enough
      auto done = each_value_of(index, name, series, [&](uint32_t) -> Result<bool> { return !(has = true); });
      if (!done) return done;
    }
    if (!has) continue;
    if (auto used = use(name); !used) return std::move(used).error();
  }
  return {};
}

}  // namespace tarsier::samples
