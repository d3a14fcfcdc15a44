// match: the series of one index (the head's or a partition's) for which all matchers hold, and which names and values they have.
// Everything is done on sets; texts are looked at once for each value of a label, not for each series.
#pragma once

#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "id_set_codec.hpp"
#include "matcher.hpp"
#include "symbols.hpp"

namespace tarsier::samples {

/// An index of labels. Names and values are symbols, numbers of its own; kNoSymbol: no series has such a text.
class LabelIndex {
 public:
  /// Texts from `low` to `high`.
  struct TextRange {
    std::string_view low, high;
  };
  using UseValue = std::function<Result<bool>(uint32_t value, const StoredSet& series)>;

  virtual ~LabelIndex() = default;
  /// Ids are 0 .. series_count() - 1.
  virtual uint32_t series_count() const = 0;
  virtual Result<uint32_t> symbol(std::string_view text) const = 0;
  virtual Result<std::string_view> text(uint32_t symbol) const = 0;
  /// Symbols compare as their texts do, and come in that order.
  virtual bool is_ordered() const noexcept = 0;
  /// Appends the symbols of the names that any series has.
  virtual void names(std::vector<uint32_t>& out) const = 0;
  /// The series of one pair; none when it does not exist.
  virtual Result<StoredSet> postings(uint32_t name, uint32_t value) const = 0;
  /// Calls use(value, series) for the values of a name until it returns false; those outside `range` may be left out. The series
  /// are valid during the call.
  virtual Result<void> each_value(uint32_t name, const TextRange* range, const UseValue& use) const = 0;
  /// Name, value, name, value, ... of one series; valid until the next call.
  virtual Result<std::span<const uint32_t>> pairs_of(uint32_t series) const = 0;
  /// Whether it costs less to look at the pairs of so many series than at all values of the name.
  virtual bool rather_series(uint32_t series, uint32_t name) const = 0;
};

Result<IdSet> match(const LabelIndex& index, std::span<const Matcher> matchers);

/// Calls use(symbol) for symbols of an index that the series have, of all series where it is null; some may come more than once.
/// `use` returns false where none above the symbol is wanted: then no more need come, if they come in order.
using UseSymbol = std::function<Result<bool>(uint32_t symbol)>;
using ListLabels = std::function<Result<void>(const LabelIndex& index, const IdSet* series, const UseSymbol& use)>;

/// The values of a name that any of the series has, and the names.
Result<void> values_of(const LabelIndex& index, std::string_view name, const IdSet* series, const UseSymbol& use);
Result<void> names_of(const LabelIndex& index, const IdSet* series, const UseSymbol& use);

}  // namespace tarsier::samples
