// Matcher: one condition on a label, compiled. Regular expressions are RE2, anchored, '.' matches a newline; those that only spell
// out texts ("a|b|c", "a(b|c)") become look-ups, others get the range of texts in which a match can lie.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tarsier/result.hpp"
#include "tarsier/service/samples_store.h"

namespace re2 {
class RE2;
}

namespace tarsier::samples {

class Matcher {
 public:
  static Result<Matcher> compile(tarsier_match_op op, std::string_view name, std::string_view value);
  Matcher(Matcher&&) noexcept;
  Matcher& operator=(Matcher&&) noexcept;
  ~Matcher();

  const std::string& name() const noexcept { return name_; }
  bool matches(std::string_view value) const;
  /// Absent labels match.
  bool matches_empty() const noexcept { return matches_empty_; }

  /// Without the negation of != and !~: does the value equal the text or match the expression?
  bool positive(std::string_view value) const;
  bool negated() const noexcept { return negated_; }
  /// True when the only values that are positive() are those in texts(), sorted.
  bool enumerable() const noexcept { return expression_ == nullptr; }
  const std::vector<std::string>& texts() const noexcept { return texts_; }
  /// Every value that is positive() lies in [low, high]; has_range() false: anywhere.
  bool has_range() const noexcept { return has_range_; }
  const std::string& low() const noexcept { return low_; }
  const std::string& high() const noexcept { return high_; }

 private:
  Matcher();
  Result<void> compile_expression(std::string_view value);

  std::string name_;
  std::vector<std::string> texts_;
  std::unique_ptr<re2::RE2> expression_;
  std::string low_, high_;
  bool has_range_ = false;
  bool negated_ = false;
  bool matches_empty_ = false;
};

/// All texts that an expression can match, when it is made of literals, groups and alternations alone and they are few; else false.
bool spelled_out(std::string_view expression, std::vector<std::string>& texts);

}  // namespace tarsier::samples
