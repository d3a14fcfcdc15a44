// match: the series of one index (the head's or a partition's) for which all matchers hold. An index is anything that can hand out
// postings of a label pair and walk the values of a label.
#pragma once

#include <functional>
#include <span>
#include <string_view>

#include "matcher.hpp"
#include "postings.hpp"

namespace tarsier::samples {

class LabelIndex {
 public:
  virtual ~LabelIndex() = default;
  /// Ids are 0 .. series_count() - 1.
  virtual uint32_t series_count() const = 0;
  /// Appends the postings of one pair; none when it does not exist.
  virtual Result<void> postings(std::string_view name, std::string_view value, SeriesIds& out) const = 0;
  /// Appends the postings of every value of `name` that `wanted` accepts. Where `low` <= `high` is given, values outside may be
  /// skipped without being asked about.
  virtual Result<void> scan(std::string_view name, const std::string* low, const std::string* high,
                            const std::function<bool(std::string_view)>& wanted, SeriesIds& out) const = 0;
  /// Leaves of `ids`, ascending, those with a value of `name` that `wanted` accepts. As scan(), and better where few are left.
  virtual Result<void> filter(std::string_view name, const std::string* low, const std::string* high,
                              const std::function<bool(std::string_view)>& wanted, SeriesIds& ids) const;
};

Result<SeriesIds> match(const LabelIndex& index, std::span<const Matcher> matchers);

}  // namespace tarsier::samples
