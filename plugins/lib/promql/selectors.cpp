#include "plugins/lib/promql/selectors.hpp"

namespace tarsier::promql {
namespace {

void collect(const Node* node, std::vector<const VectorSelector*>& out) {
  if (node == nullptr) return;
  switch (node->kind) {
    case NodeKind::kNumber:
    case NodeKind::kString:
      return;
    case NodeKind::kVectorSelector:
      out.push_back(static_cast<const VectorSelector*>(node));
      return;
    case NodeKind::kMatrixSelector:
      return collect(static_cast<const MatrixSelector*>(node)->selector.get(), out);
    case NodeKind::kSubquery:
      return collect(static_cast<const Subquery*>(node)->inner.get(), out);
    case NodeKind::kUnary:
      return collect(static_cast<const UnaryNode*>(node)->operand.get(), out);
    case NodeKind::kBinary: {
      const std::vector<const BinaryNode*> operators = left_chain(*static_cast<const BinaryNode*>(node));
      collect(operators.front()->left.get(), out);
      for (const BinaryNode* one : operators) collect(one->right.get(), out);
      return;
    }
    case NodeKind::kAggregation: {
      const auto* aggregation = static_cast<const AggregationNode*>(node);
      collect(aggregation->parameter.get(), out);
      return collect(aggregation->operand.get(), out);
    }
    case NodeKind::kCall:
      for (const NodePtr& argument : static_cast<const CallNode*>(node)->arguments) collect(argument.get(), out);
      return;
    case NodeKind::kParen:
      return collect(static_cast<const ParenNode*>(node)->inner.get(), out);
  }
}

}  // namespace

std::vector<const VectorSelector*> selectors_of(const Node& tree) {
  std::vector<const VectorSelector*> selectors;
  collect(&tree, selectors);
  return selectors;
}

}  // namespace tarsier::promql
