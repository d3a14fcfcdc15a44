// A text with references to the groups of a match: $1, ${1}, $name, ${name} and $$, as Go's Regexp.Expand reads them.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/lib/relabel/labels.hpp"
#include "plugins/lib/relabel/pattern.hpp"

namespace tarsier::relabel {

class Replacement {
 public:
  /// What the pattern has no group for is empty; a '$' that begins no reference stands for itself.
  static Replacement compile(std::string_view text, const Pattern& pattern);

  /// So many groups of a match it must be given.
  size_t groups() const noexcept { return groups_; }
  /// The text, which lives as long as this, the groups and what `texts` keeps.
  std::string_view expand(std::span<const std::string_view> groups, Labels& texts) const;

 private:
  struct Piece {
    std::string literal;
    std::optional<size_t> group;
  };
  void add_literal(std::string_view text);
  void add_reference(std::string_view name, const Pattern& pattern);

  std::vector<Piece> pieces_;
  size_t groups_ = 0;
};

}  // namespace tarsier::relabel
