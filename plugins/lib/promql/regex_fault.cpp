#include "plugins/lib/promql/regex_fault.hpp"

#include <re2/re2.h>
#include <string_view>

namespace tarsier::promql {

std::string regex_fault(const re2::RE2& pattern) {
  const auto says = [&](std::string_view what) { return std::string(what) + ": `" + pattern.error_arg() + "`"; };
  switch (pattern.error_code()) {
    case re2::RE2::ErrorMissingParen:
      return says("missing closing )");
    case re2::RE2::ErrorMissingBracket:
      return says("missing closing ]");
    case re2::RE2::ErrorRepeatSize:
      return says("invalid repeat count");
    case re2::RE2::ErrorRepeatOp:
      return says("invalid nested repetition operator");
    case re2::RE2::ErrorRepeatArgument:
      return says("missing argument to repetition operator");
    case re2::RE2::ErrorBadPerlOp:
      return says("invalid or unsupported Perl syntax");
    case re2::RE2::ErrorBadEscape:
      return says("invalid escape sequence");
    default:
      return pattern.error();
  }
}

}  // namespace tarsier::promql
