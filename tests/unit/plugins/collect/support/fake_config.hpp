// A configuration tree for tests, written as nested initialisers and read through the contract's functions.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "tarsier/abi.h"
#include "tarsier/result.hpp"

namespace tarsier::fake {

struct Node {
  tarsier_node_kind kind = TARSIER_NODE_TABLE;
  std::string text;
  int64_t number = 0;
  std::vector<std::pair<std::string, Node>> entries;

  Node() = default;
  Node(const char* value) : kind(TARSIER_NODE_STRING), text(value) {}
  Node(int64_t value) : kind(TARSIER_NODE_INT), number(value) {}
  Node(int value) : Node(int64_t{value}) {}
  Node(bool value) : kind(TARSIER_NODE_BOOL), number(value ? 1 : 0) {}
  static Node table(std::initializer_list<std::pair<std::string, Node>> values) {
    Node node;
    node.entries = values;
    return node;
  }
  static Node array(std::initializer_list<Node> values) {
    Node node;
    node.kind = TARSIER_NODE_ARRAY;
    for (const Node& value : values) node.entries.emplace_back("", value);
    return node;
  }
  const tarsier_config_node* raw() const { return reinterpret_cast<const tarsier_config_node*>(this); }
};

inline const Node& node(const tarsier_config_node* raw) { return *reinterpret_cast<const Node*>(raw); }

inline const tarsier_config_api* config_api() {
  static constexpr tarsier_config_api kApi = {
      sizeof(tarsier_config_api),
      [](const tarsier_config_node* n) { return node(n).kind; },
      [](const tarsier_config_node* n) { return static_cast<uint64_t>(node(n).entries.size()); },
      [](const tarsier_config_node* n, uint64_t i) {
        return i < node(n).entries.size() ? node(n).entries[i].second.raw() : nullptr;
      },
      [](const tarsier_config_node* n, uint64_t i) { return str(node(n).entries[i].first); },
      [](const tarsier_config_node* n, tarsier_str key) -> const tarsier_config_node* {
        for (const auto& [name, value] : node(n).entries)
          if (name == view(key)) return value.raw();
        return nullptr;
      },
      [](const tarsier_config_node* n) { return str(node(n).text); },
      [](const tarsier_config_node* n) { return node(n).number; },
      [](const tarsier_config_node* n) { return static_cast<double>(node(n).number); },
      [](const tarsier_config_node* n) { return static_cast<int32_t>(node(n).number); },
      [](const tarsier_config_node*) { return str("test.toml:1:1"); },
      [](const tarsier_config_node*) { return str("/etc/tarsier"); }};
  return &kApi;
}

}  // namespace tarsier::fake
