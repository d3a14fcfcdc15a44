// Lists of target groups as files and servers give them: [{"targets": ["host:port", ...], "labels": {"name": "value"}}, ...], in
// JSON or YAML, taken and refused as Prometheus does.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tarsier/discovery.hpp"
#include "tarsier/result.hpp"

namespace tarsier::discovery {

/// One list may become no more than this: a few lines can stand for very many targets with very long labels.
constexpr size_t kMaxTargets = size_t{1} << 20U;
constexpr size_t kMaxLabelBytes = size_t{256} << 20U;

/// Both return all targets of all groups, each with its group's labels, `extra` and __address__ (of one name the last wins).
/// INVALID with "line:column: what".
Result<std::vector<TargetLabels>> parse_json_groups(std::string_view text, const TargetLabels& extra);
Result<std::vector<TargetLabels>> parse_yaml_groups(std::string_view text, const TargetLabels& extra);

struct TargetGroup {
  std::vector<std::string> addresses;
  TargetLabels labels;
};

/// Adds up the targets of groups, within the limits.
class TargetList {
 public:
  /// Labels that every target gets.
  explicit TargetList(const TargetLabels& extra) : extra_(extra) {}
  /// RESOURCE when it becomes too much.
  Result<void> add(TargetGroup group);
  std::vector<TargetLabels> take() { return std::move(targets_); }

 private:
  const TargetLabels& extra_;
  std::vector<TargetLabels> targets_;
  size_t bytes_ = 0;
};

/// "" or why a label may not be so.
std::string label_fault(std::string_view name, std::string_view value);

}  // namespace tarsier::discovery
