// A regular expression as relabelling has it: Go's syntax, anchored at both ends, '.' matches line breaks.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "tarsier/result.hpp"

namespace re2 {
class RE2;
}

namespace tarsier::relabel {

class Pattern {
 public:
  /// INVALID for what Go's regexp refuses, and for an expression that needs more than 8 MiB.
  static Result<Pattern> compile(std::string_view text);
  Pattern(Pattern&&) noexcept;
  Pattern& operator=(Pattern&&) noexcept;
  ~Pattern();

  bool matches(std::string_view value) const { return match(value, {}); }
  /// Fills in as many groups as there is room for; the first is the whole value. Views into it, "" for a group without a part.
  bool match(std::string_view value, std::span<std::string_view> groups) const;

  /// With the whole as the first.
  size_t group_count() const noexcept { return group_count_; }
  /// The number of a named group.
  std::optional<size_t> group(std::string_view name) const;

 private:
  Pattern() = default;
  static std::optional<Pattern> simple(std::string_view text);

  enum class Kind { regex, anything, literal };
  Kind kind_ = Kind::regex;
  bool needs_text_ = false;  // of anything: (.+)
  std::string literal_;
  size_t group_count_ = 1;
  std::unique_ptr<re2::RE2> regex_;
};

}  // namespace tarsier::relabel
