// What is wrong with a regular expression, in the words of Go's regexp.
#pragma once

#include <string>

namespace re2 {
class RE2;
}

namespace tarsier::promql {

/// Of a pattern that is not ok().
std::string regex_fault(const re2::RE2& pattern);

}  // namespace tarsier::promql
