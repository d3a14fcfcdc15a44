#include "plugins/lib/promql/printer.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <optional>
#include <utility>
#include <vector>

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
      const int size = std::snprintf(text.data(), text.size(), " @ %.3f", std::round(time.at_seconds * 1e3) / 1e3);
      return {text.data(), static_cast<size_t>(size)};
    }
    case TimeModifiers::At::kNone:
      break;
  }
  return {};
}

std::string print_offset(const TimeModifiers& time) {
  if (!time.offset || (time.offset->op == Duration::Op::kLiteral && time.offset->seconds == 0)) return {};
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

std::string print_number(const NumberNode& node) {
  if (!node.duration) return write_number(node.value);
  return print_seconds(node.value, false);
}

/// Appends a tree to a text on one line. It stops soon after a limit: who only wants to know whether a line is short enough does
/// not pay for one that is not.
class LinePrinter {
 public:
  explicit LinePrinter(std::string& out, size_t limit = SIZE_MAX) : out_(out), limit_(limit) {}

  void node(const Node& node) {
    if (full()) return;
    out_ += print_head(node);
    switch (node.kind) {
      case NodeKind::kSubquery: {
        const auto& subquery = static_cast<const Subquery&>(node);
        this->node(*subquery.inner);
        out_ += print_subquery_tail(subquery);
        return;
      }
      case NodeKind::kUnary:
        return this->node(*static_cast<const UnaryNode&>(node).operand);
      case NodeKind::kBinary:
        return chain(static_cast<const BinaryNode&>(node));
      case NodeKind::kAggregation: {
        const auto& aggregation = static_cast<const AggregationNode&>(node);
        return list({aggregation.parameter.get(), aggregation.operand.get()});
      }
      case NodeKind::kCall: {
        const CallNode& call = static_cast<const CallNode&>(node);
        std::vector<const Node*> arguments;
        arguments.reserve(call.arguments.size());
        for (const NodePtr& argument : call.arguments) arguments.push_back(argument.get());
        return list(arguments);
      }
      case NodeKind::kParen:
        return list({static_cast<const ParenNode&>(node).inner.get()});
      default:
        return;  // the head is all of it
    }
  }

  /// Whether the text went beyond the limit.
  bool full() const { return too_long_ || out_.size() > limit_; }

 private:
  /// In parentheses, those that are there.
  void list(const std::vector<const Node*>& nodes) {
    out_ += "(";
    bool first = true;
    for (const Node* one : nodes) {
      if (one == nullptr || full()) continue;
      if (!std::exchange(first, false)) out_ += ", ";
      node(*one);
    }
    out_ += ")";
  }
  /// Whether there are more operators than characters are left; asks no more of a long chain than that.
  bool too_many(const BinaryNode& top) const {
    size_t operators = 0;
    for (const Node* at = &top; at->kind == NodeKind::kBinary && operators <= limit_; ++operators)
      at = static_cast<const BinaryNode*>(at)->left.get();
    return operators > limit_;
  }
  void chain(const BinaryNode& top) {
    if (too_many(top)) {
      too_long_ = true;
      return;
    }
    const auto operators = left_chain(top);
    node(*operators.front()->left);
    for (auto at = operators.begin(); at != operators.end() && !full(); ++at) {
      out_ += " " + print_operator(**at) + " ";
      node(*(*at)->right);
    }
  }

  std::string& out_;
  const size_t limit_;
  bool too_long_ = false;
};

/// The node on one line, when that is no longer than lines may be.
std::optional<std::string> short_line(const Node& node) {
  std::string line;
  LinePrinter printer(line, kLineLength);
  printer.node(node);
  return printer.full() ? std::nullopt : std::optional(std::move(line));
}

/// Appends a tree to a text, broken over lines where one would be too long.
class PrettyPrinter {
 public:
  explicit PrettyPrinter(std::string& out) : out_(out) {}

  /// `begins`: the node begins a line; else it goes on with one, behind a sign.
  void node(const Node& node, size_t level, bool begins = true) {
    if (const auto line = short_line(node)) return write(begins ? level : 0, *line);
    switch (node.kind) {
      case NodeKind::kAggregation: {
        const auto& aggregation = static_cast<const AggregationNode&>(node);
        return list(node, {aggregation.parameter.get(), aggregation.operand.get()}, level, begins);
      }
      case NodeKind::kCall: {
        const CallNode& call = static_cast<const CallNode&>(node);
        std::vector<const Node*> arguments;
        arguments.reserve(call.arguments.size());
        for (const NodePtr& argument : call.arguments) arguments.push_back(argument.get());
        return list(node, arguments, level, begins);
      }
      case NodeKind::kParen:
        return list(node, {static_cast<const ParenNode&>(node).inner.get()}, level, begins);
      case NodeKind::kBinary:
        return chain(static_cast<const BinaryNode&>(node), level, begins);
      case NodeKind::kSubquery: {
        const auto& subquery = static_cast<const Subquery&>(node);
        this->node(*subquery.inner, level, begins);
        out_ += print_subquery_tail(subquery);
        return;
      }
      case NodeKind::kUnary:
        write(begins ? level : 0, print_head(node));
        return this->node(*static_cast<const UnaryNode&>(node).operand, level, false);
      default:
        return write(begins ? level : 0, print_head(node));
    }
  }

 private:
  void write(size_t level, std::string_view text) { out_.append(indent(level)).append(text); }

  void list(const Node& head, const std::vector<const Node*>& nodes, size_t level, bool begins) {
    write(begins ? level : 0, print_head(head) + "(\n");
    bool first = true;
    for (const Node* one : nodes) {
      if (one == nullptr) continue;
      if (!std::exchange(first, false)) out_ += ",\n";
      node(*one, level + 1);
    }
    out_ += "\n";
    write(level, ")");
  }

  /// Operators whose sides fit on one line stay there; those after them stand alone on lines, each a level further out.
  void chain(const BinaryNode& top, size_t level, bool begins) {
    const auto operators = left_chain(top);
    size_t depth = level + operators.size();  // of what stands left of the next operator
    auto at = operators.begin();
    auto line = short_line(*operators.front()->left);
    for (; line && at != operators.end(); ++at, --depth) {
      const auto right = short_line(*(*at)->right);
      if (!right) break;
      std::string longer = *line + " " + print_operator(**at) + " " + *right;
      if (longer.size() > kLineLength) break;
      line = std::move(longer);
    }
    if (at == operators.begin()) {
      node(*operators.front()->left, depth, begins);
    } else {
      write(begins ? depth : 0, *line);
    }
    for (; at != operators.end(); ++at, --depth) {
      out_ += "\n";
      write(depth - 1, print_operator(**at) + "\n");
      node(*(*at)->right, depth);
    }
  }

  std::string& out_;
};

}  // namespace

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

/// A part of a formula: numbers stay numbers, where alone they are printed as the duration that they stand for.
std::string print_part(const Duration& node) {
  const auto pair = [&](std::string_view op) {
    return print_part(*node.left) + " " + std::string(op) + " " + print_part(*node.right);
  };
  switch (node.op) {
    case Duration::Op::kLiteral:
      return print_seconds(node.seconds, node.is_number);
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
      return "-" + print_part(*node.left);
    case Duration::Op::kPlus:
      return "+" + print_part(*node.left);
    case Duration::Op::kStep:
      return "step()";
    case Duration::Op::kRange:
      return "range()";
    case Duration::Op::kMinOf:
      return "min_of(" + print_part(*node.left) + ", " + print_part(*node.right) + ")";
    case Duration::Op::kMaxOf:
      return "max_of(" + print_part(*node.left) + ", " + print_part(*node.right) + ")";
    case Duration::Op::kParen:
      return "(" + print_part(*node.left) + ")";
  }
  return {};
}

std::string print_duration(const Duration& node) {
  if (node.op != Duration::Op::kLiteral) return print_part(node);
  return print_seconds(node.seconds, node.is_number && node.seconds != std::floor(node.seconds * 1e3) / 1e3);
}

std::string print_head(const Node& node) {
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
    case NodeKind::kUnary:
      return static_cast<const UnaryNode&>(node).negative ? "-" : "+";
    case NodeKind::kAggregation:
      return print_aggregation_head(static_cast<const AggregationNode&>(node));
    case NodeKind::kCall:
      return std::string(static_cast<const CallNode&>(node).function->name);
    default:
      return {};
  }
}

std::string print(const Node& node) {
  std::string out;
  LinePrinter(out).node(node);
  return out;
}

std::string print_pretty(const Node& node) {
  std::string out;
  PrettyPrinter(out).node(node, 0);
  return out;
}

}  // namespace tarsier::promql
