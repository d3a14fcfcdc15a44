#include "plugins/lib/promql/matching.hpp"

#include <re2/re2.h>
#include <string>
#include <utility>

#include "plugins/lib/promql/parser.hpp"
#include "plugins/lib/promql/regex_fault.hpp"

namespace tarsier::promql {

CompiledMatcher::CompiledMatcher(Matcher matcher) : matcher_(std::move(matcher)) {}
CompiledMatcher::CompiledMatcher(CompiledMatcher&&) noexcept = default;
CompiledMatcher& CompiledMatcher::operator=(CompiledMatcher&&) noexcept = default;
CompiledMatcher::~CompiledMatcher() = default;

Result<CompiledMatcher> CompiledMatcher::compile(Matcher matcher) {
  CompiledMatcher made(std::move(matcher));
  if (made.matcher_.op != MatchOp::kRegex && made.matcher_.op != MatchOp::kNotRegex) return made;
  re2::RE2::Options options(re2::RE2::Quiet);
  options.set_dot_nl(true);
  made.pattern_ = std::make_unique<re2::RE2>(made.matcher_.value, options);
  if (!made.pattern_->ok()) return Error::invalid("error parsing regexp: " + regex_fault(*made.pattern_));
  return made;
}

bool CompiledMatcher::matches(std::string_view value) const {
  const bool found =
      pattern_ ? re2::RE2::FullMatch(re2::StringPiece(value.data(), value.size()), *pattern_) : value == matcher_.value;
  const bool negated = matcher_.op == MatchOp::kNotEqual || matcher_.op == MatchOp::kNotRegex;
  return found != negated;
}

Result<CompiledSelector> compile(std::vector<Matcher> matchers) {
  CompiledSelector made;
  for (Matcher& matcher : matchers) {
    auto compiled = CompiledMatcher::compile(std::move(matcher));
    if (!compiled) return std::move(compiled).error();
    made.push_back(std::move(*compiled));
  }
  return made;
}

Result<CompiledSelector> compile_selector(std::string_view text) {
  if (text.empty()) return CompiledSelector{};
  auto matchers = parse_selector(text);
  if (!matchers) return std::move(matchers).error();
  return compile(std::move(*matchers));
}

Result<std::vector<std::vector<Matcher>>> read_match_parameters(const std::vector<std::string_view>& texts) {
  std::vector<std::vector<Matcher>> lists;
  for (const std::string_view text : texts) {
    auto matchers = parse_selector(text);
    if (!matchers) return std::move(matchers).error();
    lists.push_back(std::move(*matchers));
  }
  for (const auto& list : lists) {
    const auto compiled = compile(list);
    if (!compiled) return Error(compiled.error());
    if (selects_anything(*compiled)) return Error::invalid("match[] must contain at least one non-empty matcher");
  }
  return lists;
}

}  // namespace tarsier::promql
