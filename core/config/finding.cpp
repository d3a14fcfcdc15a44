#include "core/config/finding.hpp"

#include <algorithm>
#include <utility>

namespace tarsier::config {

std::string Finding::text() const {
  std::string out = file;
  if (line != 0) out += ":" + std::to_string(line) + ":" + std::to_string(column);
  const bool names_itself = line == 0 && file == "--set " + path;
  if (!path.empty() && !names_itself) out += (out.empty() ? "" : ": ") + path;
  if (!out.empty()) out += ": ";
  return out + (severity == Severity::warning ? "warning: " : "") + message;
}

Finding finding_at(Severity severity, const Position& position, std::string_view path, std::string message) {
  return {severity,          position.source ? position.source->name : std::string(),
          position.line,     position.column,
          std::string(path), std::move(message)};
}

bool has_errors(const Findings& findings) noexcept {
  return std::any_of(findings.begin(), findings.end(), [](const Finding& f) { return f.severity == Severity::error; });
}

std::string to_text(const Findings& findings) {
  std::string out;
  for (const Finding& finding : findings) out += finding.text() + "\n";
  return out;
}

}  // namespace tarsier::config
