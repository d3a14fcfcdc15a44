#include "plugins/query/promql/plan/histogram_totals.hpp"

#include "plugins/lib/promql/functions.hpp"

namespace tarsier::promql {
namespace {

/// What stands above a part of the tree.
struct Above {
  bool totals = false;   // a function that needs counts and sums
  bool buckets = false;  // something that needs buckets
};

void mark(Node& node, Above above);

void mark_call(CallNode& call, Above above) {
  switch (call.function->id) {
    case FunctionId::kHistogramCount:
    case FunctionId::kHistogramSum:
    case FunctionId::kHistogramAvg:
      above.totals = true;
      break;
    case FunctionId::kHistogramQuantile:
    case FunctionId::kHistogramQuantiles:
    case FunctionId::kHistogramFraction:
      above.buckets = true;
      break;
    default:
      break;
  }
  for (const NodePtr& argument : call.arguments) mark(*argument, above);
}

void mark_chain(BinaryNode& top, Above above) {
  const std::vector<BinaryNode*> operators = left_chain(top);
  for (auto at = operators.rbegin(); at != operators.rend(); ++at) {
    const bool trims = (*at)->op == Token::kTrimLower || (*at)->op == Token::kTrimUpper;
    above.buckets = above.buckets || trims;
    mark(*(*at)->right, above);
  }
  mark(*operators.front()->left, above);
}

void mark(Node& node, Above above) {
  switch (node.kind) {
    case NodeKind::kNumber:
    case NodeKind::kString:
      break;
    case NodeKind::kVectorSelector:
      static_cast<VectorSelector&>(node).histogram_totals = above.totals && !above.buckets;
      break;
    case NodeKind::kMatrixSelector:
      mark(*static_cast<MatrixSelector&>(node).selector, above);
      break;
    case NodeKind::kSubquery:
      // Its steps are compared with one another, bucket by bucket.
      above.buckets = true;
      mark(*static_cast<Subquery&>(node).inner, above);
      break;
    case NodeKind::kUnary:
      mark(*static_cast<UnaryNode&>(node).operand, above);
      break;
    case NodeKind::kParen:
      mark(*static_cast<ParenNode&>(node).inner, above);
      break;
    case NodeKind::kBinary:
      mark_chain(static_cast<BinaryNode&>(node), above);
      break;
    case NodeKind::kAggregation: {
      auto& aggregation = static_cast<AggregationNode&>(node);
      if (aggregation.parameter) mark(*aggregation.parameter, above);
      mark(*aggregation.operand, above);
      break;
    }
    case NodeKind::kCall:
      mark_call(static_cast<CallNode&>(node), above);
      break;
  }
}

}  // namespace

void mark_histogram_totals(Node& tree) { mark(tree, {}); }

}  // namespace tarsier::promql
