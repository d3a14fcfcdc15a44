// Runs a script against the engine over an in-memory store and compares within the tolerance that the scripts were written for.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tests/conformance/script.hpp"

namespace tarsier::test {

struct ScriptReport {
  size_t passed = 0;
  size_t failed = 0;
  std::vector<std::string> failures;  // "line 12: abs(x): expected ..."
};

Result<ScriptReport> run_script(std::string_view text);

}  // namespace tarsier::test
