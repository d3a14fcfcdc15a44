#include "core/config/node.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/config/render.hpp"

const tarsier_config_node* tarsier_config_node::find(std::string_view name) const noexcept {
  if (!is_table()) return nullptr;
  for (const auto& child : children) {
    if (child.key == name) return &child;
  }
  return nullptr;
}

tarsier_config_node* tarsier_config_node::find(std::string_view name) noexcept {
  return const_cast<tarsier_config_node*>(std::as_const(*this).find(name));
}

const tarsier_config_node* tarsier_config_node::at_path(std::string_view dotted) const noexcept {
  const tarsier_config_node* node = this;
  while (node != nullptr && !dotted.empty()) {
    const size_t dot = dotted.find('.');
    node = node->find(dotted.substr(0, dot));
    dotted = dot == std::string_view::npos ? std::string_view() : dotted.substr(dot + 1);
  }
  return node;
}

namespace tarsier::config {
namespace {

std::string location_text(const Position& position, const std::string& path) {
  std::string text = position.text();
  if (text.empty()) return path;
  const bool names_itself = position.source->is_override && text.size() == path.size() + 6 && text.ends_with(path);
  if (!path.empty() && !names_itself) text += ": " + path;
  return text;
}

bool same_entries(const Node& left, const Node& right) {
  return std::all_of(left.children.begin(), left.children.end(), [&](const Node& child) {
    const Node* other = right.find(child.key);
    return other != nullptr && same_content(child, *other);
  });
}

}  // namespace

std::string Position::text() const {
  if (source == nullptr) return {};
  if (line == 0) return source->name;
  return source->name + ":" + std::to_string(line) + ":" + std::to_string(column);
}

std::string quoted_key(std::string_view key) {
  const bool bare = !key.empty() && std::all_of(key.begin(), key.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
  return bare ? std::string(key) : toml_string(key);
}

std::string child_path(std::string_view parent, std::string_view key) {
  if (parent.empty()) return quoted_key(key);
  return std::string(parent) + "." + quoted_key(key);
}

void assign_paths(Node& node, std::string path) {
  node.path = std::move(path);
  node.location = location_text(node.position, node.path);
  for (size_t i = 0; i < node.children.size(); ++i) {
    Node& child = node.children[i];
    assign_paths(child, node.is_array() ? node.path + "[" + std::to_string(i) + "]" : child_path(node.path, child.key));
  }
}

bool same_content(const Node& left, const Node& right) {
  if (left.kind != right.kind || left.children.size() != right.children.size()) return false;
  switch (left.kind) {
    case Kind::string:
      return left.text == right.text;
    case Kind::integer:
      return left.integer == right.integer;
    case Kind::floating:
      return left.number == right.number || (std::isnan(left.number) && std::isnan(right.number));
    case Kind::boolean:
      return left.boolean == right.boolean;
    case Kind::array:
      return std::equal(left.children.begin(), left.children.end(), right.children.begin(), same_content);
    case Kind::table:
      return same_entries(left, right);
  }
  return false;
}

bool is_array_of_tables(const Node& node) noexcept {
  return node.is_array() && !node.children.empty() &&
         std::all_of(node.children.begin(), node.children.end(), [](const Node& child) { return child.is_table(); });
}

void hide_values(Node& node) noexcept {
  node.secret = true;
  for (Node& child : node.children) hide_values(child);
}

}  // namespace tarsier::config
