#include "core/host/section_findings.hpp"

#include <utility>

#include "core/config/placed_errors.hpp"

namespace tarsier::host {
namespace {

const config::Position& position_of(const config::Node& section) {
  const config::Node* use = section.find("use");
  return use != nullptr ? use->position : section.key_position;
}

// Of the calls that are given a configuration; what start or create say is not about it.
std::string_view without_call(std::string_view failure) {
  for (const std::string_view call : {"configure: ", "reconfigure: "}) {
    if (failure.starts_with(call)) return failure.substr(call.size());
  }
  return failure;
}

}  // namespace

config::Finding section_finding(const InstanceSpec& spec, std::string message) {
  return config::error_at(position_of(*spec.node), spec.node->path, std::move(message));
}

config::Findings section_findings(const InstanceSpec& spec, std::string_view failure, std::string_view before) {
  auto findings = config::placed_errors(without_call(failure), position_of(*spec.node), spec.node->path);
  for (config::Finding& finding : findings) finding.message.insert(0, before);
  return findings;
}

std::string file_warning(const InstanceSpec& spec) {
  std::string lines;
  for (const auto& finding : section_findings(spec, spec.refused_file, "the new file is refused, the running version stays: "))
    lines += (lines.empty() ? "" : "\n") + finding.text();
  return lines;
}

}  // namespace tarsier::host
