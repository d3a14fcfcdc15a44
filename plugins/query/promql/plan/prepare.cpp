#include "plugins/query/promql/plan/prepare.hpp"

#include <algorithm>
#include <cmath>

#include "plugins/lib/promql/functions.hpp"
#include "plugins/lib/promql/text.hpp"

namespace tarsier::promql {
namespace {

constexpr double kMaxSeconds = 9223372036.854;  // about 292 years, what int64 nanoseconds hold

class Preparer {
 public:
  Preparer(std::string_view query, const PrepareOptions& options) : query_(query), options_(options) {}
  /// Returns whether the node is step-invariant.
  Result<bool> visit(Node& node);

 private:
  Result<void> times(TimeModifiers& time);
  Result<void> positive(Duration& duration);
  Result<double> seconds(const Duration& duration) const;
  Result<double> operation(const Duration& duration) const;
  Result<void> resolve(Duration& duration);
  Result<bool> call(CallNode& node);
  Result<bool> chain(BinaryNode& top);
  Result<bool> all(std::initializer_list<Node*> nodes);

  std::string_view query_;
  const PrepareOptions& options_;
};

Result<double> Preparer::operation(const Duration& duration) const {
  auto left = seconds(*duration.left);
  if (!left) return left;
  if (duration.op == Duration::Op::kNegate) return -*left;
  if (!duration.right) return left;
  auto right = seconds(*duration.right);
  if (!right) return right;
  switch (duration.op) {
    case Duration::Op::kAdd:
      return *left + *right;
    case Duration::Op::kSub:
      return *left - *right;
    case Duration::Op::kMul:
      return *left * *right;
    case Duration::Op::kDiv:
      if (*right == 0) return parse_error(query_, duration.position, "division by zero");
      return *left / *right;
    case Duration::Op::kMod:
      if (*right == 0) return parse_error(query_, duration.position, "modulo by zero");
      return std::fmod(*left, *right);
    case Duration::Op::kPow:
      return std::pow(*left, *right);
    case Duration::Op::kMinOf:
      return std::fmin(*left, *right);
    default:
      return std::fmax(*left, *right);
  }
}

Result<double> Preparer::seconds(const Duration& duration) const {
  switch (duration.op) {
    case Duration::Op::kLiteral:
      return duration.seconds;
    case Duration::Op::kStep:
      return static_cast<double>(options_.step_ns) / 1e9;
    case Duration::Op::kRange:
      return static_cast<double>(distance(options_.start_ns, options_.end_ns)) / 1e9;
    default:
      return operation(duration);
  }
}

Result<void> Preparer::resolve(Duration& duration) {
  auto value = seconds(duration);
  if (!value) return std::move(value).error();
  if (!(std::fabs(*value) <= kMaxSeconds)) return parse_error(query_, duration.position, "duration is out of range");
  duration.ns = static_cast<int64_t>(std::trunc(std::round(*value * 1e6) / 1e3)) * 1000000;  // times are whole milliseconds
  return {};
}

Result<void> Preparer::positive(Duration& duration) {
  if (auto resolved = resolve(duration); !resolved) return resolved;
  if (duration.ns <= 0) return parse_error(query_, duration.position, "duration must be greater than 0");
  return {};
}

Result<void> Preparer::times(TimeModifiers& time) {
  time.offset_ns = 0;
  time.at_ns.reset();
  if (time.offset) {
    if (auto resolved = resolve(*time.offset); !resolved) return resolved;
    time.offset_ns = time.offset_negative ? -time.offset->ns : time.offset->ns;
  }
  switch (time.at) {
    case TimeModifiers::At::kNone:
      break;
    case TimeModifiers::At::kTime:
      // Beyond what can be stored there is nothing, wherever.
      time.at_ns = static_cast<int64_t>(std::round(std::clamp(time.at_seconds, -kMaxSeconds, kMaxSeconds) * 1e3)) * 1000000;
      break;
    case TimeModifiers::At::kStart:
      time.at_ns = options_.start_ns;
      break;
    case TimeModifiers::At::kEnd:
      time.at_ns = options_.end_ns;
      break;
  }
  return {};
}

Result<bool> Preparer::all(std::initializer_list<Node*> nodes) {
  bool invariant = true;
  for (Node* node : nodes) {
    if (node == nullptr) continue;
    auto visited = visit(*node);
    if (!visited) return visited;
    invariant = invariant && *visited;
  }
  return invariant;
}

Result<bool> Preparer::call(CallNode& node) {
  bool invariant = true;
  for (NodePtr& argument : node.arguments) {
    auto visited = visit(*argument);
    if (!visited) return visited;
    invariant = invariant && *visited;
  }
  switch (node.function->id) {
    case FunctionId::kTime:
    case FunctionId::kTimestamp:  // of anything but a selector it is the time of the step
    case FunctionId::kPredictLinear:
      return false;
    case FunctionId::kDayOfMonth:
    case FunctionId::kDayOfWeek:
    case FunctionId::kDayOfYear:
    case FunctionId::kDaysInMonth:
    case FunctionId::kHour:
    case FunctionId::kMinute:
    case FunctionId::kMonth:
    case FunctionId::kYear:
      return invariant && !node.arguments.empty();
    default:
      return invariant;
  }
}

Result<bool> Preparer::chain(BinaryNode& top) {
  const std::vector<BinaryNode*> operators = left_chain(top);
  auto invariant = visit(*operators.front()->left);
  for (BinaryNode* node : operators) {
    if (!invariant) return invariant;
    auto right = visit(*node->right);
    if (!right) return right;
    invariant = *invariant && *right;
    node->step_invariant = *invariant;
  }
  return invariant;
}

Result<bool> Preparer::visit(Node& node) {
  Result<bool> invariant = true;
  switch (node.kind) {
    case NodeKind::kNumber:
    case NodeKind::kString:
      break;
    case NodeKind::kVectorSelector: {
      auto& selector = static_cast<VectorSelector&>(node);
      if (auto resolved = times(selector.time); !resolved) return std::move(resolved).error();
      invariant = selector.time.at_ns.has_value();
      break;
    }
    case NodeKind::kMatrixSelector: {
      auto& matrix = static_cast<MatrixSelector&>(node);
      if (auto resolved = positive(*matrix.range); !resolved) return std::move(resolved).error();
      invariant = visit(*matrix.selector);
      break;
    }
    case NodeKind::kSubquery: {
      auto& subquery = static_cast<Subquery&>(node);
      if (auto resolved = positive(*subquery.range); !resolved) return std::move(resolved).error();
      if (subquery.step) {
        if (auto resolved = positive(*subquery.step); !resolved) return std::move(resolved).error();
      }
      if (auto resolved = times(subquery.time); !resolved) return std::move(resolved).error();
      auto inner = visit(*subquery.inner);
      if (!inner) return inner;
      invariant = subquery.time.at_ns.has_value();
      break;
    }
    case NodeKind::kUnary:
      invariant = visit(*static_cast<UnaryNode&>(node).operand);
      break;
    case NodeKind::kParen:
      invariant = visit(*static_cast<ParenNode&>(node).inner);
      break;
    case NodeKind::kBinary:
      invariant = chain(static_cast<BinaryNode&>(node));
      break;
    case NodeKind::kAggregation: {
      auto& aggregation = static_cast<AggregationNode&>(node);
      invariant = all({aggregation.parameter.get(), aggregation.operand.get()});
      break;
    }
    case NodeKind::kCall:
      invariant = call(static_cast<CallNode&>(node));
      break;
  }
  if (invariant) node.step_invariant = *invariant;
  return invariant;
}

}  // namespace

Result<void> prepare(std::string_view query, Node& tree, const PrepareOptions& options) {
  if (auto visited = Preparer(query, options).visit(tree); !visited) return std::move(visited).error();
  return {};
}

}  // namespace tarsier::promql
