// ContractCheck: does a plugin file keep the contract? Each step is one line of the report; a step that fails ends those that need
// it.
#pragma once

#include <string>
#include <vector>

namespace tarsier::host::cli {

struct CheckLine {
  enum class Outcome { ok, failed, skipped };
  Outcome outcome;
  std::string what;  ///< "note", "symbols", "life cycle of node"
  std::string detail;
};

/// Loads the file into this process and runs its plugins in a scratch host with a temporary data directory.
std::vector<CheckLine> check_contract(const std::string& file);

}  // namespace tarsier::host::cli
