#include "plugins/lib/promql/ast.hpp"

namespace tarsier::promql {

std::string_view type_name(ValueType type) {
  switch (type) {
    case ValueType::kScalar:
      return "scalar";
    case ValueType::kString:
      return "string";
    case ValueType::kVector:
      return "instant vector";
    case ValueType::kMatrix:
      return "range vector";
    case ValueType::kNone:
      break;
  }
  return "none";
}

const Node& unwrap(const Node& node) {
  const Node* at = &node;
  while (at->kind == NodeKind::kParen) at = static_cast<const ParenNode*>(at)->inner.get();
  return *at;
}

Node& unwrap(Node& node) {
  Node* at = &node;
  while (at->kind == NodeKind::kParen) at = static_cast<ParenNode*>(at)->inner.get();
  return *at;
}

}  // namespace tarsier::promql
