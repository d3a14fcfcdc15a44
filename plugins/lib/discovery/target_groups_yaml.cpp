// The YAML form.
#include <set>
#include <utility>
#include <yaml-cpp/yaml.h>

#include "plugins/lib/discovery/target_groups.hpp"
#include "tarsier/utf8.hpp"

namespace tarsier::discovery {
namespace {

std::string place(const YAML::Mark& mark) {
  if (mark.is_null()) return "1:1";
  return std::to_string(mark.line + 1) + ":" + std::to_string(mark.column + 1);
}
Error at(const YAML::Node& node, const std::string& what) { return Error::invalid(place(node.Mark()) + ": " + what); }
bool is_none(const YAML::Node& node) { return !node.IsDefined() || node.IsNull(); }

/// Numbers and booleans are taken as they are written; null is "".
Result<std::string> text_of(const YAML::Node& node, const char* what) {
  if (is_none(node)) return std::string();
  if (!node.IsScalar()) return at(node, std::string(what) + ": expected a string");
  if (!is_utf8(node.Scalar())) return at(node, std::string(what) + ": not UTF-8");
  return node.Scalar();
}

Result<std::vector<std::string>> read_addresses(const YAML::Node& node) {
  std::vector<std::string> addresses;
  if (is_none(node)) return addresses;
  if (!node.IsSequence()) return at(node, "targets: expected a list of addresses");
  if (node.size() > kMaxTargets) return at(node, "more than " + std::to_string(kMaxTargets) + " targets");
  for (const auto& entry : node) {
    auto address = text_of(entry, "targets");
    if (!address) return std::move(address).error();
    addresses.push_back(std::move(*address));
  }
  return addresses;
}

Result<TargetLabels> read_labels(const YAML::Node& node) {
  TargetLabels labels;
  if (is_none(node)) return labels;
  if (!node.IsMap()) return at(node, "labels: expected a mapping of names to values");
  for (const auto& entry : node) {
    auto name = text_of(entry.first, "labels");
    if (!name) return std::move(name).error();
    auto value = text_of(entry.second, "labels");
    if (!value) return std::move(value).error();
    if (const std::string fault = label_fault(*name, *value); !fault.empty()) return at(entry.first, fault);
    if (labels.contains(*name)) return at(entry.first, "label \"" + *name + "\" is given twice");
    labels.emplace(std::move(*name), std::move(*value));
  }
  return labels;
}

Result<TargetGroup> read_group(const YAML::Node& node) {
  if (is_none(node)) return at(node, "a target group is null");
  if (!node.IsMap()) return at(node, "expected a target group: a mapping with targets and labels");
  TargetGroup group;
  std::set<std::string> seen;
  for (const auto& entry : node) {
    const auto name = text_of(entry.first, "target group");
    if (!name) return name.error();
    if (!seen.insert(*name).second) return at(entry.first, "field \"" + *name + "\" is given twice");
    if (*name == "targets") {
      auto addresses = read_addresses(entry.second);
      if (!addresses) return std::move(addresses).error();
      group.addresses = std::move(*addresses);
    } else if (*name == "labels") {
      auto labels = read_labels(entry.second);
      if (!labels) return std::move(labels).error();
      group.labels = std::move(*labels);
    } else {
      return at(entry.first, "unknown field \"" + *name + "\": a target group has targets and labels");
    }
  }
  return group;
}

Result<void> read_groups(const YAML::Node& root, TargetList& out) {
  if (is_none(root)) return {};
  if (!root.IsSequence()) return at(root, "expected a list of target groups");
  for (const auto& entry : root) {
    auto group = read_group(entry);
    if (!group) return std::move(group).error();
    if (auto added = out.add(std::move(*group)); !added) return at(entry, added.error().message());
  }
  return {};
}

}  // namespace

Result<std::vector<TargetLabels>> parse_yaml_groups(std::string_view text, const TargetLabels& extra) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  TargetList list(extra);
  try {
    if (auto read = read_groups(YAML::Load(std::string(text)), list); !read) return std::move(read).error();
  } catch (const YAML::Exception& thrown) {
    return Error::invalid(place(thrown.mark) + ": " + thrown.msg);
  }
  return list.take();
}

}  // namespace tarsier::discovery
