#include "core/config/merge.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace tarsier::config {
namespace {

bool is_override(const Node& node) { return node.position.source != nullptr && node.position.source->is_override; }

}  // namespace

void merge_entry(Node& table, Node&& value, const std::string& table_path, Findings& findings) {
  Node* present = table.find(value.key);
  if (present == nullptr) {
    table.children.push_back(std::move(value));
    return;
  }
  const std::string path = child_path(table_path, value.key);
  if (present->is_table() && value.is_table()) return merge_table(*present, std::move(value), path, findings);
  if (is_override(*present)) return;
  if (is_override(value)) {
    *present = std::move(value);
  } else if (is_array_of_tables(*present) && is_array_of_tables(value)) {
    std::move(value.children.begin(), value.children.end(), std::back_inserter(present->children));
  } else {
    findings.push_back(error_at(value.key_position, path, "is already set at " + present->key_position.text()));
  }
}

void merge_table(Node& into, Node&& from, const std::string& path, Findings& findings) {
  for (Node& child : from.children) merge_entry(into, std::move(child), path, findings);
}

}  // namespace tarsier::config
