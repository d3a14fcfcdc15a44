// Loads a configuration: the main file, the drop-in files that it includes, and the command line's overrides, as one tree.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "core/config/finding.hpp"
#include "core/config/node.hpp"
#include "tarsier/result.hpp"

namespace tarsier::config {

inline constexpr size_t kMaxIncludes = 1024;

struct LoadOptions {
  std::string file;                    ///< the main file
  std::vector<std::string> overrides;  ///< "KEY=VALUE" of each --set
};

struct Loaded {
  Node root;
  /// All files that were read, the main file first.
  std::vector<std::string> files;
  /// Where a file may appear that would be included: to be watched, with the main file.
  std::vector<std::string> include_directories;
  Findings findings;

  bool ok() const noexcept { return !has_errors(findings); }
};

/// Reads everything, however much is wrong. The tree is not yet checked against any schema.
Loaded load(const LoadOptions& options);

/// The first of `candidates` that exists; an error that says what to do when none does.
Result<std::string> find_config_file(std::span<const std::string> candidates);

}  // namespace tarsier::config
