// Finding: one thing that is wrong or worth a warning in a configuration, with its place.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/node.hpp"

namespace tarsier::config {

enum class Severity : uint8_t { warning, error };

struct Finding {
  Severity severity = Severity::error;
  std::string file;  ///< or "--set plugin.net.workers"
  uint32_t line = 0;
  uint32_t column = 0;
  std::string path;  ///< "plugin.scrape.job[2].interval"; "" when it is about the file
  std::string message;

  /// "config/tarsier.toml:14:12: plugin.scrape.job[2].interval: expected a duration such as "15s", got 15"
  std::string text() const;
};

using Findings = std::vector<Finding>;

Finding finding_at(Severity severity, const Position& position, std::string_view path, std::string message);
inline Finding error_at(const Position& position, std::string_view path, std::string message) {
  return finding_at(Severity::error, position, path, std::move(message));
}

bool has_errors(const Findings& findings) noexcept;
/// One line each.
std::string to_text(const Findings& findings);

}  // namespace tarsier::config
