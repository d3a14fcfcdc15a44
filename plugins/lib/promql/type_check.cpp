#include "plugins/lib/promql/type_check.hpp"

#include <algorithm>
#include <string>

#include "plugins/lib/promql/functions.hpp"
#include "plugins/lib/promql/matching.hpp"
#include "plugins/lib/promql/text.hpp"

namespace tarsier::promql {
namespace {

class TypeCheck {
 public:
  explicit TypeCheck(std::string_view query) : query_(query) {}
  Result<void> visit(Node& node);

 private:
  Result<void> chain(BinaryNode& top);
  Result<void> binary(BinaryNode& node);
  Result<void> aggregation(AggregationNode& node);
  Result<void> call(CallNode& node);
  Result<void> range_mode(const CallNode& node);
  Result<void> info_selector(const CallNode& node);
  Result<void> selector(VectorSelector& node);
  Result<void> subquery(Subquery& node);
  Result<void> unary(UnaryNode& node);
  Result<void> expect(Node& node, ValueType wanted, const std::string& context);
  Position operator_position(const BinaryNode& node) const;
  Error error(Position position, const std::string& what) const { return parse_error(query_, position, what); }

  std::string_view query_;
};

bool is_arithmetic_type(ValueType type) { return type == ValueType::kScalar || type == ValueType::kVector; }

Result<void> TypeCheck::visit(Node& node) {
  switch (node.kind) {
    case NodeKind::kNumber:
      node.type = ValueType::kScalar;
      return {};
    case NodeKind::kString:
      node.type = ValueType::kString;
      return {};
    case NodeKind::kVectorSelector:
      return selector(static_cast<VectorSelector&>(node));
    case NodeKind::kMatrixSelector: {
      node.type = ValueType::kMatrix;
      return selector(*static_cast<MatrixSelector&>(node).selector);
    }
    case NodeKind::kSubquery:
      return subquery(static_cast<Subquery&>(node));
    case NodeKind::kUnary:
      return unary(static_cast<UnaryNode&>(node));
    case NodeKind::kBinary:
      return chain(static_cast<BinaryNode&>(node));
    case NodeKind::kAggregation:
      return aggregation(static_cast<AggregationNode&>(node));
    case NodeKind::kCall:
      return call(static_cast<CallNode&>(node));
    case NodeKind::kParen: {
      auto& inner = *static_cast<ParenNode&>(node).inner;
      auto checked = visit(inner);
      node.type = inner.type;
      return checked;
    }
  }
  return {};
}

Result<void> TypeCheck::expect(Node& node, ValueType wanted, const std::string& context) {
  if (auto checked = visit(node); !checked) return checked;
  if (node.type == wanted) return {};
  return error(node.position,
               "expected type " + std::string(type_name(wanted)) + " in " + context + ", got " + std::string(type_name(node.type)));
}

Position TypeCheck::operator_position(const BinaryNode& node) const {
  Position position = {node.left->position.end, node.right->position.start};
  const auto blank = [&](uint32_t at) {
    return at < query_.size() && std::string_view(" \t\n\r").find(query_[at]) != std::string_view::npos;
  };
  while (blank(position.start)) ++position.start;
  return position;
}

Result<void> TypeCheck::chain(BinaryNode& top) {
  const std::vector<BinaryNode*> operators = left_chain(top);
  if (auto checked = visit(*operators.front()->left); !checked) return checked;
  for (BinaryNode* node : operators) {
    if (auto checked = visit(*node->right); !checked) return checked;
    if (auto checked = binary(*node); !checked) return checked;
  }
  return {};
}

/// One operator, whose sides have their types.
Result<void> TypeCheck::binary(BinaryNode& node) {
  const ValueType left = node.left->type;
  const ValueType right = node.right->type;
  const std::string op(spelling(node.op));
  Matching& matching = node.matching;
  if (node.return_bool && !is_comparison(node.op))
    return error(operator_position(node), "bool modifier can only be used on comparison operators");
  if (is_comparison(node.op) && !node.return_bool && left == ValueType::kScalar && right == ValueType::kScalar)
    return error(operator_position(node), "comparisons between scalars must use BOOL modifier");
  for (const std::string& label : matching.labels)
    if (matching.on && std::find(matching.include.begin(), matching.include.end(), label) != matching.include.end())
      return error(operator_position(node), "label " + quote(label) + " must not occur in ON and GROUP clause at once");
  for (const Node* side : {node.left.get(), node.right.get()})
    if (!is_arithmetic_type(side->type))
      return error(side->position, "binary expression must contain only scalar and instant vector types");
  const bool trims = node.op == Token::kTrimLower || node.op == Token::kTrimUpper;
  if (trims && left == ValueType::kScalar && right == ValueType::kScalar)
    return error(operator_position(node), "operator " + quote(op) + " not allowed for Scalar operations");
  if (left != ValueType::kVector || right != ValueType::kVector) {
    if (!matching.labels.empty()) return error(node.position, "vector matching only allowed between instant vectors");
    if (matching.fill_left || matching.fill_right)
      return error(node.position, "filling in missing series only allowed between instant vectors");
    if (is_set_operator(node.op))
      return error(node.position, "set operator " + quote(op) + " not allowed in binary scalar expression");
  } else if (is_set_operator(node.op)) {
    if (matching.cardinality != Cardinality::kManyToMany)
      return error(node.position, "no grouping allowed for " + quote(op) + " operation");
    if (matching.fill_left || matching.fill_right)
      return error(node.position, "filling in missing series not allowed for set operators");
  }
  node.type = left == ValueType::kScalar && right == ValueType::kScalar ? ValueType::kScalar : ValueType::kVector;
  return {};
}

Result<void> TypeCheck::aggregation(AggregationNode& node) {
  node.type = ValueType::kVector;
  if (auto checked = expect(*node.operand, ValueType::kVector, "aggregation expression"); !checked) return checked;
  if (!node.parameter) return {};
  const ValueType wanted = node.op == Token::kCountValues ? ValueType::kString : ValueType::kScalar;
  return expect(*node.parameter, wanted, "aggregation parameter");
}

Result<void> TypeCheck::call(CallNode& node) {
  const Function& function = *node.function;
  const size_t given = node.arguments.size();
  const size_t listed = function.argument_count;
  const std::string tail = " argument(s) in call to " + quote(function.name) + ", got " + std::to_string(given);
  node.type = function.result;
  if (function.variadic == 0) {
    if (given != listed) return error(node.position, "expected " + std::to_string(listed) + tail);
  } else {
    const size_t least = listed - 1;
    if (given < least) return error(node.position, "expected at least " + std::to_string(least) + tail);
    const size_t most = function.variadic > 0 ? least + static_cast<size_t>(function.variadic) : given;
    if (given > most) return error(node.position, "expected at most " + std::to_string(most) + tail);
  }
  if (auto fits = range_mode(node); !fits) return fits;
  if (auto fits = info_selector(node); !fits) return fits;
  for (size_t i = 0; i < given; ++i) {
    const ValueType wanted = function.arguments[std::min(i, listed - 1)];
    if (auto checked = expect(*node.arguments[i], wanted, "call to function " + quote(function.name)); !checked) return checked;
  }
  return {};
}

/// Only some functions know what to do at the borders of an anchored or smoothed range.
Result<void> TypeCheck::range_mode(const CallNode& node) {
  if (node.arguments.empty()) return {};
  const Node& first = unwrap(*node.arguments.front());
  if (first.kind != NodeKind::kMatrixSelector) return {};
  const RangeMode mode = static_cast<const MatrixSelector&>(first).selector->mode;
  const FunctionId id = node.function->id;
  const bool smoothable = id == FunctionId::kRate || id == FunctionId::kIncrease || id == FunctionId::kDelta;
  const bool anchorable = smoothable || id == FunctionId::kChanges || id == FunctionId::kResets;
  const std::string name(node.function->name);
  if (mode == RangeMode::kSmoothed && !smoothable)
    return Error(TARSIER_INVALID, "smoothed modifier can only be used with: delta, increase, rate - not with " + name);
  if (mode == RangeMode::kAnchored && !anchorable)
    return Error(TARSIER_INVALID,
                 "anchored modifier can only be used with: changes, delta, increase, rate, resets - not with " + name);
  return {};
}

/// The second argument of info() says which labels to take: a selector that need not select.
Result<void> TypeCheck::info_selector(const CallNode& node) {
  if (node.function->id != FunctionId::kInfo || node.arguments.size() < 2) return {};
  Node& argument = *node.arguments[1];
  if (argument.kind != NodeKind::kVectorSelector) {
    if (auto checked = expect(argument, ValueType::kVector, "call to function \"info\""); !checked) return checked;
    return error(argument.position, "expected label selectors only");
  }
  auto& selector = static_cast<VectorSelector&>(argument);
  if (!selector.name.empty() && !selector.name_quoted)
    return error(argument.position, "expected label selectors only, got vector selector instead");
  selector.may_match_all = true;
  return {};
}

Result<void> TypeCheck::selector(VectorSelector& node) {
  node.type = ValueType::kVector;
  bool not_empty = node.may_match_all;
  size_t names = 0;
  for (const Matcher& matcher : node.matchers) {
    const auto compiled = CompiledMatcher::compile(matcher);
    if (!compiled) return error(node.position, compiled.error().message());
    not_empty = not_empty || !compiled->matches("");
    if (matcher.name == "__name__" && !node.name.empty() && ++names > 1)
      return error(node.position,
                   "metric name must not be set twice: " + quote(node.name) + " or " +
                       quote(node.matchers.front().name == "__name__" ? node.matchers.front().value : matcher.value));
  }
  if (!not_empty) return error(node.position, "vector selector must contain at least one non-empty matcher");
  return {};
}

Result<void> TypeCheck::subquery(Subquery& node) {
  node.type = ValueType::kMatrix;
  if (auto checked = visit(*node.inner); !checked) return checked;
  if (node.inner->type == ValueType::kVector) return {};
  const std::string type = node.inner->type == ValueType::kMatrix ? "matrix" : std::string(type_name(node.inner->type));
  return error(node.position, "subquery is only allowed on instant vector, got " + type + " instead");
}

Result<void> TypeCheck::unary(UnaryNode& node) {
  if (auto checked = visit(*node.operand); !checked) return checked;
  node.type = node.operand->type;
  if (is_arithmetic_type(node.type)) return {};
  return error(node.position,
               "unary expression only allowed on expressions of type scalar or instant vector, got " + quote(type_name(node.type)));
}

}  // namespace

Result<void> type_check(std::string_view query, Node& tree) { return TypeCheck(query).visit(tree); }

}  // namespace tarsier::promql
