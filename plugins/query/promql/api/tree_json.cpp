// Keys are in the order of the alphabet, as in the original's answers.
#include "plugins/query/promql/api/tree_json.hpp"

#include <array>
#include <cmath>

#include "plugins/lib/promql/functions.hpp"
#include "plugins/lib/promql/text.hpp"

namespace tarsier::promql {
namespace {

std::string_view short_name(ValueType type) {
  switch (type) {
    case ValueType::kScalar:
      return "scalar";
    case ValueType::kString:
      return "string";
    case ValueType::kVector:
      return "vector";
    case ValueType::kMatrix:
      return "matrix";
    default:
      return "none";
  }
}

std::string_view name_of(Cardinality cardinality) {
  constexpr std::array<std::string_view, 4> kNames = {"one-to-one", "many-to-one", "one-to-many", "many-to-many"};
  return kNames[static_cast<size_t>(cardinality)];
}

std::string_view name_of(MatchOp op) {
  constexpr std::array<std::string_view, 4> kNames = {"=", "!=", "=~", "!~"};
  return kNames[static_cast<size_t>(op)];
}

std::string_view operator_of(Duration::Op op) {
  switch (op) {
    case Duration::Op::kAdd:
    case Duration::Op::kPlus:
      return "+";
    case Duration::Op::kSub:
    case Duration::Op::kNegate:
      return "-";
    case Duration::Op::kMul:
      return "*";
    case Duration::Op::kDiv:
      return "/";
    case Duration::Op::kMod:
      return "%";
    case Duration::Op::kPow:
      return "^";
    case Duration::Op::kStep:
      return "step";
    case Duration::Op::kRange:
      return "range";
    case Duration::Op::kMinOf:
      return "min_of";
    default:
      return "max_of";
  }
}

class TreeJson {
 public:
  explicit TreeJson(json::Writer& json) : json_(json) {}

  void node(const Node* node) {
    if (node == nullptr) {
      json_.null();
      return;
    }
    if (node->kind == NodeKind::kBinary) return chain(static_cast<const BinaryNode&>(*node));
    json_.begin_object();
    members(*node);
    json_.end_object();
  }

 private:
  void members(const Node& node) {
    switch (node.kind) {
      case NodeKind::kNumber:
        json_.key("type").string("numberLiteral").key("val").string(write_number(static_cast<const NumberNode&>(node).value));
        return;
      case NodeKind::kString:
        json_.key("type").string("stringLiteral").key("val").string(static_cast<const StringNode&>(node).value);
        return;
      case NodeKind::kVectorSelector:
        return selector(static_cast<const VectorSelector&>(node), nullptr);
      case NodeKind::kMatrixSelector: {
        const auto& matrix = static_cast<const MatrixSelector&>(node);
        return selector(*matrix.selector, matrix.range.get());
      }
      case NodeKind::kSubquery:
        return subquery(static_cast<const Subquery&>(node));
      case NodeKind::kUnary: {
        const auto& unary = static_cast<const UnaryNode&>(node);
        member("expr", unary.operand.get());
        json_.key("op").string(unary.negative ? "-" : "+").key("type").string("unaryExpr");
        return;
      }
      case NodeKind::kAggregation:
        return aggregation(static_cast<const AggregationNode&>(node));
      case NodeKind::kCall:
        return call(static_cast<const CallNode&>(node));
      case NodeKind::kParen:
        member("expr", static_cast<const ParenNode&>(node).inner.get());
        json_.key("type").string("parenExpr");
        return;
      case NodeKind::kBinary:
        return;  // node() has written it
    }
  }

  /// As long as its text, so in a loop: the operators of a chain open from the last to the first and close the other way.
  void chain(const BinaryNode& top) {
    const std::vector<const BinaryNode*> operators = left_chain(top);
    for (size_t i = operators.size(); i-- > 0;) json_.begin_object().key("bool").boolean(operators[i]->return_bool).key("lhs");
    node(operators.front()->left.get());
    for (const BinaryNode* one : operators) {
      json_.key("matching");
      matching(*one);
      json_.key("op").string(spelling(one->op));
      member("rhs", one->right.get());
      json_.key("type").string("binaryExpr").end_object();
    }
  }

  void matching(const BinaryNode& binary) {
    if (binary.left->type != ValueType::kVector || binary.right->type != ValueType::kVector) {
      json_.null();
      return;
    }
    const Matching& matching = binary.matching;
    const auto fill = [&](const char* side, const std::optional<double>& value) {
      json_.key(side);
      value ? json_.number(*value) : json_.null();
    };
    json_.begin_object().key("card").string(name_of(matching.cardinality)).key("fillValues").begin_object();
    fill("lhs", matching.fill_left);
    fill("rhs", matching.fill_right);
    json_.end_object();
    list("include", matching.include);
    list("labels", matching.labels);
    json_.key("on").boolean(matching.on).end_object();
  }

  void aggregation(const AggregationNode& node) {
    member("expr", node.operand.get());
    list("grouping", node.labels);
    json_.key("op").string(spelling(node.op));
    member("param", node.parameter.get());
    json_.key("type").string("aggregation").key("without").boolean(node.without);
  }

  void call(const CallNode& node) {
    json_.key("args").begin_array();
    for (const NodePtr& argument : node.arguments) this->node(argument.get());
    json_.end_array().key("func").begin_object().key("argTypes").begin_array();
    for (size_t i = 0; i < node.function->argument_count; ++i) json_.string(short_name(node.function->arguments[i]));
    json_.end_array().key("name").string(node.function->name).key("returnType").string(short_name(node.function->result));
    json_.key("variadic").integer(node.function->variadic).end_object().key("type").string("call");
  }

  void subquery(const Subquery& node) {
    member("expr", node.inner.get());
    offset(node.time);
    length("range", "rangeExpr", node.range.get(), false);
    start_or_end(node.time);
    length("step", "stepExpr", node.step.get(), false);
    timestamp(node.time);
    json_.key("type").string("subquery");
  }

  void selector(const VectorSelector& node, const Duration* range) {
    json_.key("anchored").boolean(node.mode == RangeMode::kAnchored).key("matchers").begin_array();
    // The name is the last matcher here; there, one that stands in the braces has its place among the others, mostly the first.
    const size_t count = node.matchers.size();
    if (node.name_quoted) matcher(node.matchers.back());
    for (size_t i = 0; i + (node.name_quoted ? 1 : 0) < count; ++i) matcher(node.matchers[i]);
    json_.end_array().key("name").string(node.name_quoted ? "" : node.name);
    offset(node.time);
    if (range != nullptr) length("range", "rangeExpr", range, false);
    json_.key("smoothed").boolean(node.mode == RangeMode::kSmoothed);
    start_or_end(node.time);
    timestamp(node.time);
    json_.key("type").string(range != nullptr ? "matrixSelector" : "vectorSelector");
  }

  void matcher(const Matcher& matcher) {
    json_.begin_object().key("name").string(matcher.name).key("type").string(name_of(matcher.op));
    json_.key("value").string(matcher.value).end_object();
  }
  void offset(const TimeModifiers& time) { length("offset", "offsetExpr", time.offset.get(), time.offset_negative); }
  void start_or_end(const TimeModifiers& time) {
    json_.key("startOrEnd");
    if (time.at == TimeModifiers::At::kStart || time.at == TimeModifiers::At::kEnd) {
      json_.string(time.at == TimeModifiers::At::kStart ? "start" : "end");
    } else {
      json_.null();
    }
  }
  void timestamp(const TimeModifiers& time) {
    json_.key("timestamp");
    time.at == TimeModifiers::At::kTime ? json_.integer(std::llround(time.at_seconds * 1e3)) : json_.null();
  }

  /// A length that is written as a number or duration is milliseconds; a formula is a tree, and no milliseconds.
  void length(const char* ms_key, const char* tree_key, const Duration* duration, bool negative) {
    const bool literal = duration == nullptr || duration->op == Duration::Op::kLiteral;
    const double seconds = duration == nullptr || !literal ? 0 : duration->seconds;
    json_.key(ms_key).integer(std::llround((negative ? -seconds : seconds) * 1e3)).key(tree_key);
    if (literal) {
      json_.null();
      return;
    }
    if (!negative) return formula(*duration, false);
    json_.begin_object().key("lhs").null().key("op").string("-").key("rhs");
    formula(*duration, false);
    end_formula(false);
  }
  void end_formula(bool wrapped) { json_.key("type").string("durationExpr").key("wrapped").boolean(wrapped).end_object(); }

  void formula(const Duration& duration, bool wrapped) {
    if (duration.op == Duration::Op::kParen) return formula(*duration.left, true);
    json_.begin_object();
    if (duration.op == Duration::Op::kLiteral) {
      json_.key("duration").boolean(!duration.is_number).key("type").string("numberLiteral");
      json_.key("val").string(write_number(duration.seconds)).end_object();
      return;
    }
    const bool unary = duration.op == Duration::Op::kNegate || duration.op == Duration::Op::kPlus;
    const Duration* left = unary ? nullptr : duration.left.get();
    const Duration* right = unary ? duration.left.get() : duration.right.get();
    side("lhs", left);
    json_.key("op").string(operator_of(duration.op));
    side("rhs", right);
    end_formula(wrapped);
  }
  void side(const char* key, const Duration* duration) {
    json_.key(key);
    if (duration == nullptr) {
      json_.null();
    } else {
      formula(*duration, false);
    }
  }

  void member(const char* key, const Node* child) {
    json_.key(key);
    node(child);
  }
  void list(const char* key, const std::vector<std::string>& names) {
    json_.key(key).begin_array();
    for (const std::string& name : names) json_.string(name);
    json_.end_array();
  }

  json::Writer& json_;
};

}  // namespace

void write_tree(json::Writer& json, const Node& tree) { TreeJson(json).node(&tree); }

}  // namespace tarsier::promql
