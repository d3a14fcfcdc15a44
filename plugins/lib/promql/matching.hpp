// Matchers made ready to be compared with many sets of labels.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/lib/promql/ast.hpp"
#include "tarsier/result.hpp"

namespace re2 {
class RE2;
}

namespace tarsier::promql {

class CompiledMatcher {
 public:
  /// INVALID when its regular expression is none.
  static Result<CompiledMatcher> compile(Matcher matcher);
  CompiledMatcher(CompiledMatcher&&) noexcept;
  CompiledMatcher& operator=(CompiledMatcher&&) noexcept;
  ~CompiledMatcher();

  const std::string& name() const noexcept { return matcher_.name; }
  bool matches(std::string_view value) const;

 private:
  explicit CompiledMatcher(Matcher matcher);
  Matcher matcher_;
  std::unique_ptr<re2::RE2> pattern_;  // null: compared
};

using CompiledSelector = std::vector<CompiledMatcher>;

Result<CompiledSelector> compile(std::vector<Matcher> matchers);
/// "" selects everything.
Result<CompiledSelector> compile_selector(std::string_view text);

/// Whether all agree; `value_of(name)` is the label's value, "" when there is none.
template <class ValueOf>
bool matches(const CompiledSelector& selector, const ValueOf& value_of) {
  return std::all_of(selector.begin(), selector.end(),
                     [&](const CompiledMatcher& matcher) { return matcher.matches(value_of(matcher.name())); });
}

/// Whether a series without any label is selected, too: such a selector would read the whole store.
inline bool selects_anything(const CompiledSelector& selector) {
  return matches(selector, [](std::string_view) { return std::string_view{}; });
}

/// The selectors of match[] parameters, each with a matcher that is not content with an absent label.
Result<std::vector<std::vector<Matcher>>> read_match_parameters(const std::vector<std::string_view>& texts);

}  // namespace tarsier::promql
