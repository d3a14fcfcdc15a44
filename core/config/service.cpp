#include "core/config/service.hpp"

#include "core/config/node.hpp"
#include "tarsier/result.hpp"

namespace tarsier::config {
namespace {

const Node* entry(const Node* node, uint64_t index) noexcept {
  return index < node->children.size() ? &node->children[index] : nullptr;
}

double as_float(const Node* node) noexcept {
  if (node->kind == Kind::integer) return static_cast<double>(node->integer);
  return node->kind == Kind::floating ? node->number : 0.0;
}

tarsier_str key_at(const Node* node, uint64_t index) noexcept {
  const Node* child = node->is_table() ? entry(node, index) : nullptr;
  return str(child != nullptr ? std::string_view(child->key) : std::string_view());
}

tarsier_str directory(const Node* node) noexcept {
  return str(node->position.source ? std::string_view(node->position.source->directory) : std::string_view());
}

constexpr tarsier_config_api kService = {
    sizeof(tarsier_config_api),
    [](const Node* node) { return static_cast<tarsier_node_kind>(node->kind); },
    [](const Node* node) { return static_cast<uint64_t>(node->children.size()); },
    [](const Node* node, uint64_t index) { return entry(node, index); },
    key_at,
    [](const Node* node, tarsier_str key) { return node->find(view(key)); },
    [](const Node* node) { return str(node->is_string() ? std::string_view(node->text) : std::string_view()); },
    [](const Node* node) { return node->kind == Kind::integer ? node->integer : int64_t{0}; },
    as_float,
    [](const Node* node) { return node->kind == Kind::boolean && node->boolean ? 1 : 0; },
    [](const Node* node) { return str(node->location); },
    directory,
};

}  // namespace

const tarsier_config_api* config_service() noexcept { return &kService; }

}  // namespace tarsier::config
