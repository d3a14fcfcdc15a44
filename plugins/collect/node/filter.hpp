// An anchored-by-itself regular expression (RE2) that names are excluded by.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "tarsier/result.hpp"

namespace re2 {
class RE2;
}

namespace tarsier::node {

/// Verdicts are remembered, since the same names come each round.
class Filter {
 public:
  /// An empty pattern matches nothing.
  static Result<Filter> open(const std::string& pattern);
  Filter(Filter&&) noexcept;
  Filter& operator=(Filter&&) noexcept;
  ~Filter();

  /// True when the pattern is found anywhere in `name`.
  bool matches(std::string_view name);

 private:
  Filter();
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>()(text); }
  };
  std::unique_ptr<re2::RE2> pattern_;
  std::unordered_map<std::string, bool, Hash, std::equal_to<>> verdicts_;
};

}  // namespace tarsier::node
