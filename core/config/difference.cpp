#include "core/config/difference.hpp"

#include "core/config/host_schema.hpp"

namespace tarsier::config {
namespace {

void compare(const Node& before, const Node& after, std::vector<std::string>& paths);

void compare_entries(const Node& before, const Node& after, std::vector<std::string>& paths) {
  for (const Node& child : before.children) {
    const Node* other = after.find(child.key);
    if (other == nullptr) {
      paths.push_back(child.path);
    } else {
      compare(child, *other, paths);
    }
  }
  for (const Node& child : after.children) {
    if (before.find(child.key) == nullptr) paths.push_back(child.path);
  }
}

void compare(const Node& before, const Node& after, std::vector<std::string>& paths) {
  if (same_content(before, after)) return;
  if (before.is_table() && after.is_table()) return compare_entries(before, after, paths);
  if (is_array_of_tables(before) && is_array_of_tables(after) && before.children.size() == after.children.size()) {
    for (size_t i = 0; i < before.children.size(); ++i) compare(before.children[i], after.children[i], paths);
    return;
  }
  paths.push_back(after.path);
}

std::vector<const Node*> enabled_sections(const Node& root) {
  std::vector<const Node*> out;
  for (const Node* section : sections(root)) {
    const Node* enabled = section->find("enabled");
    if (enabled == nullptr || enabled->kind != Kind::boolean || enabled->boolean) out.push_back(section);
  }
  return out;
}

const Node* named(const std::vector<const Node*>& list, const std::string& name) {
  for (const Node* section : list) {
    if (section->key == name) return section;
  }
  return nullptr;
}

}  // namespace

std::vector<std::string> changed_keys(const Node& before, const Node& after) {
  std::vector<std::string> paths;
  compare(before, after, paths);
  return paths;
}

Difference difference(const Node& before, const Node& after) {
  Difference result;
  const auto old_sections = enabled_sections(before);
  const auto new_sections = enabled_sections(after);
  for (const Node* section : old_sections) {
    if (named(new_sections, section->key) == nullptr) result.removed.push_back(section->key);
  }
  for (const Node* section : new_sections) {
    const Node* old = named(old_sections, section->key);
    if (old == nullptr) {
      result.added.push_back(section->key);
    } else if (same_content(*old, *section)) {
      result.unchanged.push_back(section->key);
    } else {
      result.changed.push_back({section->key, changed_keys(*old, *section)});
    }
  }
  const Node absent;
  const Node* old_host = before.find("host");
  const Node* new_host = after.find("host");
  result.host_keys = changed_keys(old_host != nullptr ? *old_host : absent, new_host != nullptr ? *new_host : absent);
  return result;
}

}  // namespace tarsier::config
