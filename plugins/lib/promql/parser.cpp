#include "plugins/lib/promql/parser.hpp"

#include <algorithm>
#include <cmath>

#include "plugins/lib/promql/number.hpp"
#include "plugins/lib/promql/text.hpp"
#include "plugins/lib/promql/type_check.hpp"

namespace tarsier::promql {
namespace {

constexpr int kPowerLevel = 6;

/// How tightly an operator binds; 0: it is none.
int level(Token token) {
  switch (token) {
    case Token::kPow:
      return kPowerLevel;
    case Token::kMul:
    case Token::kDiv:
    case Token::kMod:
    case Token::kAtan2:
      return 5;
    case Token::kAdd:
    case Token::kSub:
      return 4;
    case Token::kAnd:
    case Token::kUnless:
      return 2;
    case Token::kOr:
      return 1;
    default:
      return is_comparison(token) || token == Token::kTrimLower || token == Token::kTrimUpper ? 3 : 0;
  }
}

/// The modifiers of a node that takes offset and @; nullptr for others.
TimeModifiers* modifiers_of(Node& node) {
  switch (node.kind) {
    case NodeKind::kVectorSelector:
      return &static_cast<VectorSelector&>(node).time;
    case NodeKind::kMatrixSelector:
      return &static_cast<MatrixSelector&>(node).selector->time;
    case NodeKind::kSubquery:
      return &static_cast<Subquery&>(node).time;
    default:
      return nullptr;
  }
}

}  // namespace

Result<NodePtr> parse(std::string_view query) {
  if (query.size() > kMaxQueryBytes) return parse_error(query, {}, "expression is longer than 2 MiB");
  Parser parser(query);
  auto tree = parser.expression_to_end();
  if (!tree) return tree;
  if (auto checked = type_check(query, **tree); !checked) return std::move(checked).error();
  return tree;
}

Result<std::vector<Matcher>> parse_selector(std::string_view text) {
  if (text.size() > kMaxQueryBytes) return parse_error(text, {}, "series selector is longer than 2 MiB");
  return Parser(text).selector_to_end();
}

Result<void> Parser::expect(Token token, std::string_view context, std::string_view expected) {
  if (!is(token)) return unexpected(context, expected);
  take();
  return {};
}

Error Parser::unexpected(std::string_view context, std::string_view expected) const {
  const Item& found = item();
  if (found.token == Token::kError) return error(found.position, found.text);
  std::string what = "unexpected " + describe(found);
  if (!context.empty()) what += " in " + std::string(context);
  if (!expected.empty()) what += ", expected " + std::string(expected);
  return error(found.position, what);
}

Result<NodePtr> Parser::expression_to_end() {
  // The original reports what the lexer refuses before anything else.
  if (items_.back().token == Token::kError) {
    const bool syntax_first = items_.back().position.start >= query_.size();
    if (!syntax_first) return error(items_.back().position, items_.back().text);
  }
  if (is(Token::kEnd)) return error({0, 0}, "no expression found in input");
  auto tree = expression(1);
  if (tree && !is(Token::kEnd)) return unexpected();
  return tree;
}

/// As the original, it may be empty and name the metric twice: what it selects is told by the matchers alone.
Result<std::vector<Matcher>> Parser::selector_to_end() {
  if (!is(Token::kLeftBrace) && !names_metric()) return unexpected();
  auto node = selector();
  if (!node) return std::move(node).error();
  if (!is(Token::kEnd)) return unexpected();
  return std::move(static_cast<VectorSelector&>(**node).matchers);
}

Result<NodePtr> Parser::expression(int lowest) {
  if (++depth_ > kMaxDepth) return error(item().position, "expression is nested too deeply");
  auto left = unary();
  while (left) {
    const Token op = item().token;
    const int bound = level(op);
    if (bound < lowest || bound == 0) break;
    auto node = std::make_unique<BinaryNode>(Position{});
    node->op = op;
    take();
    if (auto read = binary_modifiers(*node); !read) return std::move(read).error();
    auto right = expression(op == Token::kPow ? bound : bound + 1);
    if (!right) return right;
    left = binary(std::move(*left), std::move(*right), std::move(node));
  }
  --depth_;
  return left;
}

Result<NodePtr> Parser::binary(NodePtr left, NodePtr right, std::unique_ptr<BinaryNode> node) {
  node->position = {left->position.start, right->position.end};
  node->left = std::move(left);
  node->right = std::move(right);
  if (is_set_operator(node->op) && node->matching.cardinality == Cardinality::kOneToOne)
    node->matching.cardinality = Cardinality::kManyToMany;
  return NodePtr(std::move(node));
}

Result<NodePtr> Parser::unary() {
  if (!is(Token::kAdd) && !is(Token::kSub)) {
    auto node = primary();
    return node ? postfix(std::move(*node)) : std::move(node);
  }
  const Item sign = take();
  const bool negative = sign.token == Token::kSub;
  auto operand = expression(kPowerLevel);
  if (!operand) return operand;
  const Position position = {sign.position.start, (*operand)->position.end};
  if ((*operand)->kind == NodeKind::kNumber) {
    auto& literal = static_cast<NumberNode&>(**operand);
    if (negative) literal.value = -literal.value;
    literal.position = position;
    return operand;
  }
  return NodePtr(std::make_unique<UnaryNode>(negative, std::move(*operand), position));
}

Result<NodePtr> Parser::postfix(NodePtr node) {
  Result<NodePtr> result = std::move(node);
  uint32_t chain = 0;
  while (result) {
    if (++chain + depth_ > kMaxDepth) return error(item().position, "expression is nested too deeply");
    switch (item().token) {
      case Token::kLeftBracket:
        result = bracket(std::move(*result));
        break;
      case Token::kOffset:
        result = offset(std::move(*result));
        break;
      case Token::kAt:
        result = at(std::move(*result));
        break;
      case Token::kAnchored:
      case Token::kSmoothed:
        result = range_mode(std::move(*result));
        break;
      default:
        return result;
    }
  }
  return result;
}

Result<NodePtr> Parser::bracket(NodePtr node) {
  const Position opening = take().position;
  auto range = duration_expression(0);
  if (!range) return std::move(range).error();
  if ((*range)->op == Duration::Op::kLiteral && (*range)->seconds <= 0)
    return error((*range)->position, "duration must be greater than 0");
  if (is(Token::kColon)) {
    take();
    auto subquery = std::make_unique<Subquery>(Position{node->position.start, 0});
    if (!is(Token::kRightBracket)) {
      auto step = duration_expression(0);
      if (!step) return std::move(step).error();
      if ((*step)->op == Duration::Op::kLiteral && (*step)->seconds <= 0)
        return error((*step)->position, "duration must be greater than 0");
      subquery->step = std::move(*step);
    }
    if (auto closed = expect(Token::kRightBracket, "subquery selector", "\"]\""); !closed) return std::move(closed).error();
    subquery->position.end = last_end_;
    subquery->inner = std::move(node);
    subquery->range = std::move(*range);
    return NodePtr(std::move(subquery));
  }
  if (auto closed = expect(Token::kRightBracket, "subquery or range", "\":\" or \"]\""); !closed) return std::move(closed).error();
  const Position whole = {opening.start, last_end_};
  if (node->kind != NodeKind::kVectorSelector) return error(whole, "ranges only allowed for vector selectors");
  std::unique_ptr<VectorSelector> selector(static_cast<VectorSelector*>(node.release()));
  if (selector->time.offset) return error(whole, "no offset modifiers allowed before range");
  if (selector->time.at != TimeModifiers::At::kNone) return error(whole, "no @ modifiers allowed before range");
  const Position position = {selector->position.start, last_end_};
  return NodePtr(std::make_unique<MatrixSelector>(std::move(selector), std::move(*range), position));
}

Result<NodePtr> Parser::offset(NodePtr node) {
  take();
  TimeModifiers* time = modifiers_of(*node);
  bool negative = false;
  if (is(Token::kSub) || is(Token::kAdd)) negative = take().token == Token::kSub;
  auto length = duration_primary();
  if (!length) return std::move(length).error();
  if (time == nullptr)
    return error(node->position,
                 "offset modifier must be preceded by an instant vector selector or range vector selector or a subquery");
  if (time->offset) return error(node->position, "offset may not be set multiple times");
  time->offset = std::move(*length);
  time->offset_negative = negative;
  node->position.end = last_end_;
  return node;
}

Result<NodePtr> Parser::at(NodePtr node) {
  take();
  TimeModifiers* time = modifiers_of(*node);
  TimeModifiers::At kind = TimeModifiers::At::kTime;
  double seconds = 0;
  if (is(Token::kStart) || is(Token::kEndWord)) {
    kind = take().token == Token::kStart ? TimeModifiers::At::kStart : TimeModifiers::At::kEnd;
    if (auto open = expect(Token::kLeftParen, "@ modifier", "\"(\""); !open) return std::move(open).error();
    if (auto close = expect(Token::kRightParen, "@ modifier", "\")\""); !close) return std::move(close).error();
  } else {
    double sign = 1;
    if (is(Token::kSub) || is(Token::kAdd)) sign = take().token == Token::kSub ? -1 : 1;
    if (!is(Token::kNumber) && !is(Token::kDuration)) return unexpected("@", "timestamp");
    const Item literal = take();
    seconds = literal.token == Token::kNumber ? read_number(literal.text).value_or(0)
                                              : static_cast<double>(read_duration(literal.text).value_or(0)) / 1e9;
    seconds *= sign;
    if (!(std::fabs(seconds) < 0x1p63)) {
      const std::string text = std::isfinite(seconds) ? std::to_string(seconds) : write_number(seconds);
      return error(node->position, "timestamp out of bounds for @ modifier: " + text);
    }
  }
  if (time == nullptr)
    return error(node->position,
                 "@ modifier must be preceded by an instant vector selector or range vector selector or a subquery");
  if (time->at != TimeModifiers::At::kNone) return error(node->position, "@ <timestamp> may not be set multiple times");
  time->at = kind;
  time->at_seconds = seconds;
  node->position.end = last_end_;
  return node;
}

Result<NodePtr> Parser::range_mode(NodePtr node) {
  const bool anchored = take().token == Token::kAnchored;
  const std::string word = anchored ? "anchored" : "smoothed";
  VectorSelector* selector = nullptr;
  if (node->kind == NodeKind::kMatrixSelector) selector = static_cast<MatrixSelector&>(*node).selector.get();
  if (node->kind == NodeKind::kVectorSelector && !anchored) selector = static_cast<VectorSelector*>(node.get());
  if (selector == nullptr) {
    if (node->kind == NodeKind::kSubquery) return error(node->position, word + " modifier is not supported for subqueries");
    return error(node->position, word + " modifier must be preceded by a range vector selector" +
                                     (anchored ? "" : " or an instant vector selector"));
  }
  if (selector->mode != RangeMode::kPlain) return error(node->position, word + " modifier may not be set multiple times");
  selector->mode = anchored ? RangeMode::kAnchored : RangeMode::kSmoothed;
  node->position.end = last_end_;
  return node;
}

Result<void> Parser::binary_modifiers(BinaryNode& node) {
  if (is(Token::kBool)) {
    take();
    node.return_bool = true;
  }
  Matching& matching = node.matching;
  if (is(Token::kOn) || is(Token::kIgnoring)) {
    matching.on = take().token == Token::kOn;
    matching.written = true;
    auto labels = label_list();
    if (!labels) return std::move(labels).error();
    matching.labels = std::move(*labels);
  }
  if (matching.written && (is(Token::kGroupLeft) || is(Token::kGroupRight))) {
    matching.cardinality = take().token == Token::kGroupLeft ? Cardinality::kManyToOne : Cardinality::kOneToMany;
    // "group_left (a) b" lists a label; "group_left (a + b)" has none, and its right side is in parentheses.
    const bool empty = is(Token::kLeftParen) && item(1).token == Token::kRightParen;
    const bool listed = is(Token::kLeftParen) && (item(2).token == Token::kComma || item(2).token == Token::kRightParen);
    if (empty || listed) {
      auto labels = label_list();
      if (!labels) return std::move(labels).error();
      matching.include = std::move(*labels);
    }
  }
  while (is(Token::kFill) || is(Token::kFillLeft) || is(Token::kFillRight)) {
    if (item(1).token != Token::kLeftParen) break;
    if (auto read = fill_modifier(matching); !read) return read;
  }
  return {};
}

Result<void> Parser::fill_modifier(Matching& matching) {
  const Token word = take().token;
  take();
  double sign = 1;
  if (is(Token::kSub) || is(Token::kAdd)) sign = take().token == Token::kSub ? -1 : 1;
  if (!is(Token::kNumber)) return unexpected("fill modifier", "number");
  const double value = sign * read_number(take().text).value_or(0);
  if (word != Token::kFillRight) matching.fill_left = value;
  if (word != Token::kFillLeft) matching.fill_right = value;
  return expect(Token::kRightParen, "fill modifier", "\")\"");
}

}  // namespace tarsier::promql
