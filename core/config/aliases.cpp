#include "core/config/aliases.hpp"

#include <utility>
#include <vector>

#include "core/config/merge.hpp"

namespace tarsier::config {

void normalize_aliases(Node& root, const Aliases& aliases, Findings& findings) {
  Node* plugins = root.find("plugin");
  if (plugins == nullptr || !plugins->is_table()) return;
  std::vector<Node> sections = std::move(plugins->children);
  plugins->children.clear();
  std::vector<Node> former;
  for (Node& section : sections) {
    Node* use = section.find("use");
    const auto used = use != nullptr && use->is_string() ? aliases.find(use->text) : aliases.end();
    if (used != aliases.end()) use->text = used->second;
    const bool renamed = use == nullptr && section.is_table() && aliases.contains(section.key);
    (renamed ? former : plugins->children).push_back(std::move(section));
  }
  for (Node& section : former) {
    section.key = aliases.find(section.key)->second;
    merge_entry(*plugins, std::move(section), "plugin", findings);
  }
  assign_paths(root, {});
}

}  // namespace tarsier::config
