#include "plugins/lib/promql/ast.hpp"

#include <algorithm>

namespace tarsier::promql {
namespace {

template <class Binary>
std::vector<Binary*> chain_of(Binary& top) {
  std::vector<Binary*> chain{&top};
  while (chain.back()->left->kind == NodeKind::kBinary) chain.push_back(static_cast<Binary*>(chain.back()->left.get()));
  std::reverse(chain.begin(), chain.end());
  return chain;
}

}  // namespace

BinaryNode::~BinaryNode() {
  NodePtr rest = std::move(left);
  while (rest && rest->kind == NodeKind::kBinary) rest = std::move(static_cast<BinaryNode&>(*rest).left);
}

std::vector<BinaryNode*> left_chain(BinaryNode& top) { return chain_of(top); }
std::vector<const BinaryNode*> left_chain(const BinaryNode& top) { return chain_of(top); }

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
