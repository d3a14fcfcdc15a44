#include "plugins/lib/promql/printer.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "plugins/lib/promql/functions.hpp"
#include "plugins/lib/promql/text.hpp"

namespace tarsier::promql {
namespace {

constexpr size_t kLineLength = 100;
constexpr size_t kMaxIndent = 64;  // levels: the chains that go deeper would be printed at a size of their length squared

std::string indent(size_t level) { return std::string(std::min(level, kMaxIndent) * 2, ' '); }

std::string print_labels(const std::vector<std::string>& labels) {
  std::string out;
  for (const std::string& label : labels) {
    if (!out.empty()) out += ", ";
    out += is_legacy_label(label) ? label : quote(label);
  }
  return out;
}

std::string print_seconds(double seconds, bool is_number) {
  if (is_number) return write_number(seconds);
  const std::string text = write_duration(static_cast<int64_t>(std::llround(std::fabs(seconds) * 1e9)));
  return seconds < 0 ? "-" + text : text;
}

std::string print_at(const TimeModifiers& time) {
  switch (time.at) {
    case TimeModifiers::At::kStart:
      return " @ start()";
    case TimeModifiers::At::kEnd:
      return " @ end()";
    case TimeModifiers::At::kTime: {
      std::array<char, 64> text{};
      const int size = std::snprintf(text.data(), text.size(), " @ %.3f", time.at_seconds);
      return {text.data(), static_cast<size_t>(size)};
    }
    case TimeModifiers::At::kNone:
      break;
  }
  return {};
}

std::string print_offset(const TimeModifiers& time) {
  if (!time.offset) return {};
  const std::string text = print_duration(*time.offset);
  if (time.offset->op != Duration::Op::kLiteral || time.offset->seconds >= 0)
    return std::string(" offset ") + (time.offset_negative ? "-" : "") + text;
  return time.offset_negative ? " offset " + text.substr(1) : " offset " + text;
}

std::string print_mode(RangeMode mode) {
  return mode == RangeMode::kPlain ? "" : mode == RangeMode::kAnchored ? " anchored" : " smoothed";
}

/// As the original: the name in front of the braces when it was written there, the other matchers sorted.
std::string print_matchers(const VectorSelector& node) {
  static constexpr std::array<std::string_view, 4> kOps = {"=", "!=", "=~", "!~"};
  bool name_left_out = node.name.empty() || node.name_quoted;
  std::vector<std::string> texts;
  for (const Matcher& matcher : node.matchers) {
    if (!name_left_out && matcher.name == "__name__" && matcher.op == MatchOp::kEqual && matcher.value == node.name) {
      name_left_out = true;
      continue;
    }
    const std::string name = is_legacy_label(matcher.name) ? matcher.name : quote(matcher.name);
    texts.push_back(name + std::string(kOps[static_cast<size_t>(matcher.op)]) + quote(matcher.value));
  }
  std::sort(texts.begin(), texts.end());
  std::string inside;
  for (const std::string& text : texts) inside += (inside.empty() ? "" : ",") + text;
  std::string out = node.name_quoted ? "" : node.name;
  if (!inside.empty() || out.empty()) out += "{" + inside + "}";
  return out;
}

std::string print_aggregation_head(const AggregationNode& node) {
  std::string out(spelling(node.op));
  if (node.without) return out + " without (" + print_labels(node.labels) + ") ";
  if (!node.labels.empty()) out += " by (" + print_labels(node.labels) + ") ";
  return out;
}

std::string print_operator(const BinaryNode& node) {
  std::string out(spelling(node.op));
  if (node.return_bool) out += " bool";
  const Matching& matching = node.matching;
  const bool grouped = matching.cardinality == Cardinality::kManyToOne || matching.cardinality == Cardinality::kOneToMany;
  if (matching.on || !matching.labels.empty() || grouped)
    out += (matching.on ? " on (" : " ignoring (") + print_labels(matching.labels) + ")";
  if (grouped) {
    out += matching.cardinality == Cardinality::kManyToOne ? " group_left (" : " group_right (";
    out += print_labels(matching.include) + ")";
  }
  const auto fill = [&](std::string_view word, double value) { out += " " + std::string(word) + " (" + write_number(value) + ")"; };
  const auto& left = matching.fill_left;
  const auto& right = matching.fill_right;
  if (left && right && (*left == *right || (std::isnan(*left) && std::isnan(*right)))) {
    fill("fill", *left);
  } else {
    if (left) fill("fill_left", *left);
    if (right) fill("fill_right", *right);
  }
  return out;
}

std::string print_subquery_tail(const Subquery& node) {
  return "[" + print_duration(*node.range) + ":" + (node.step ? print_duration(*node.step) : "") + "]" + print_at(node.time) +
         print_offset(node.time);
}

std::string print_number(const NumberNode& node) {
  if (!node.duration) return write_number(node.value);
  return print_seconds(node.value, false);
}

std::string print_call(const CallNode& node) {
  std::string out(node.function->name);
  out += "(";
  for (size_t i = 0; i < node.arguments.size(); ++i) out += (i > 0 ? ", " : "") + print(*node.arguments[i]);
  return out + ")";
}

std::string print_chain(const BinaryNode& top) {
  const auto operators = left_chain(top);
  std::string out = print(*operators.front()->left);
  for (const BinaryNode* node : operators) out += " " + print_operator(*node) + " " + print(*node->right);
  return out;
}

std::string pretty(const Node& node, size_t level);

/// Operators whose sides fit on one line stay there; those after them stand alone on lines, each a level further out.
std::string pretty_chain(const BinaryNode& top, size_t level) {
  const auto operators = left_chain(top);
  size_t depth = level + operators.size();  // of what stands left of the next operator
  std::string out = print(*operators.front()->left);
  auto at = operators.begin();
  for (; at != operators.end(); ++at, --depth) {
    const std::string longer = out + " " + print_operator(**at) + " " + print(*(*at)->right);
    if (longer.size() > kLineLength) break;
    out = longer;
  }
  out = at == operators.begin() ? pretty(*operators.front()->left, depth) : indent(depth) + out;
  for (; at != operators.end(); ++at, --depth)
    out += "\n" + indent(depth - 1) + print_operator(**at) + "\n" + pretty(*(*at)->right, depth);
  return out;
}

std::string pretty_call(const CallNode& node, size_t level) {
  std::string out = indent(level) + std::string(node.function->name) + "(\n";
  for (size_t i = 0; i < node.arguments.size(); ++i) out += (i > 0 ? ",\n" : "") + pretty(*node.arguments[i], level + 1);
  return out + "\n" + indent(level) + ")";
}

std::string pretty_aggregation(const AggregationNode& node, size_t level) {
  std::string out = indent(level) + print_aggregation_head(node) + "(\n";
  if (node.parameter) out += pretty(*node.parameter, level + 1) + ",\n";
  return out + pretty(*node.operand, level + 1) + "\n" + indent(level) + ")";
}

std::string pretty(const Node& node, size_t level) {
  const std::string line = print(node);
  if (line.size() <= kLineLength) return indent(level) + line;
  switch (node.kind) {
    case NodeKind::kAggregation:
      return pretty_aggregation(static_cast<const AggregationNode&>(node), level);
    case NodeKind::kCall:
      return pretty_call(static_cast<const CallNode&>(node), level);
    case NodeKind::kParen:
      return indent(level) + "(\n" + pretty(*static_cast<const ParenNode&>(node).inner, level + 1) + "\n" + indent(level) + ")";
    case NodeKind::kBinary:
      return pretty_chain(static_cast<const BinaryNode&>(node), level);
    case NodeKind::kSubquery: {
      const auto& subquery = static_cast<const Subquery&>(node);
      return pretty(*subquery.inner, level) + print_subquery_tail(subquery);
    }
    case NodeKind::kUnary: {
      const auto& unary = static_cast<const UnaryNode&>(node);
      std::string inner = pretty(*unary.operand, level);
      return indent(level) + (unary.negative ? "-" : "+") + inner.substr(std::min(inner.find_first_not_of(' '), inner.size()));
    }
    default:
      return indent(level) + line;
  }
}

}  // namespace

std::string print_duration(const Duration& node) {
  const auto pair = [&](std::string_view op) {
    return print_duration(*node.left) + " " + std::string(op) + " " + print_duration(*node.right);
  };
  switch (node.op) {
    case Duration::Op::kLiteral:
      return print_seconds(node.seconds, node.is_number && node.seconds != std::floor(node.seconds * 1e3) / 1e3);
    case Duration::Op::kAdd:
      return pair("+");
    case Duration::Op::kSub:
      return pair("-");
    case Duration::Op::kMul:
      return pair("*");
    case Duration::Op::kDiv:
      return pair("/");
    case Duration::Op::kMod:
      return pair("%");
    case Duration::Op::kPow:
      return pair("^");
    case Duration::Op::kNegate:
      return "-" + print_duration(*node.left);
    case Duration::Op::kPlus:
      return "+" + print_duration(*node.left);
    case Duration::Op::kStep:
      return "step()";
    case Duration::Op::kRange:
      return "range()";
    case Duration::Op::kMinOf:
      return "min_of(" + print_duration(*node.left) + ", " + print_duration(*node.right) + ")";
    case Duration::Op::kMaxOf:
      return "max_of(" + print_duration(*node.left) + ", " + print_duration(*node.right) + ")";
    case Duration::Op::kParen:
      return "(" + print_duration(*node.left) + ")";
  }
  return {};
}

std::string print(const Node& node) {
  switch (node.kind) {
    case NodeKind::kNumber:
      return print_number(static_cast<const NumberNode&>(node));
    case NodeKind::kString:
      return quote(static_cast<const StringNode&>(node).value);
    case NodeKind::kVectorSelector: {
      const auto& selector = static_cast<const VectorSelector&>(node);
      return print_matchers(selector) + print_at(selector.time) + print_mode(selector.mode) + print_offset(selector.time);
    }
    case NodeKind::kMatrixSelector: {
      const auto& matrix = static_cast<const MatrixSelector&>(node);
      const auto& selector = *matrix.selector;
      return print_matchers(selector) + "[" + print_duration(*matrix.range) + "]" + print_at(selector.time) +
             print_mode(selector.mode) + print_offset(selector.time);
    }
    case NodeKind::kSubquery: {
      const auto& subquery = static_cast<const Subquery&>(node);
      return print(*subquery.inner) + print_subquery_tail(subquery);
    }
    case NodeKind::kUnary: {
      const auto& unary = static_cast<const UnaryNode&>(node);
      return (unary.negative ? "-" : "+") + print(*unary.operand);
    }
    case NodeKind::kBinary:
      return print_chain(static_cast<const BinaryNode&>(node));
    case NodeKind::kAggregation: {
      const auto& aggregation = static_cast<const AggregationNode&>(node);
      return print_aggregation_head(aggregation) + "(" + (aggregation.parameter ? print(*aggregation.parameter) + ", " : "") +
             print(*aggregation.operand) + ")";
    }
    case NodeKind::kCall:
      return print_call(static_cast<const CallNode&>(node));
    case NodeKind::kParen:
      return "(" + print(*static_cast<const ParenNode&>(node).inner) + ")";
  }
  return {};
}

std::string print_pretty(const Node& node) { return pretty(node, 0); }

}  // namespace tarsier::promql
