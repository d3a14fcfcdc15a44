// What an expression is made of: literals, selectors, calls, aggregations, parentheses.
#include <algorithm>

#include "plugins/lib/promql/functions.hpp"
#include "plugins/lib/promql/matching.hpp"
#include "plugins/lib/promql/number.hpp"
#include "plugins/lib/promql/parser.hpp"
#include "plugins/lib/promql/text.hpp"

namespace tarsier::promql {

Result<NodePtr> Parser::primary() {
  switch (item().token) {
    case Token::kNumber:
    case Token::kDuration:
      return number();
    case Token::kString: {
      const Item literal = take();
      return NodePtr(std::make_unique<StringNode>(unquote(literal.text).value_or(""), literal.position));
    }
    case Token::kLeftParen:
      return parenthesis();
    case Token::kLeftBrace:
      return selector();
    default:
      break;
  }
  const Token next = item(1).token;
  if (is_aggregation(item().token) && (next == Token::kLeftParen || next == Token::kBy || next == Token::kWithout))
    return aggregation();
  const bool callable = is(Token::kIdentifier) || is(Token::kStart) || is(Token::kEndWord) || is(Token::kStep) ||
                        is(Token::kRange) || is(Token::kMinOf) || is(Token::kMaxOf);
  if (callable && next == Token::kLeftParen) return call();
  if (names_metric()) return selector();
  return unexpected();
}

/// The item can be the bare name of a metric: any word but the keywords that would be ambiguous there.
bool Parser::names_metric() const {
  switch (item().token) {
    case Token::kIdentifier:
    case Token::kMetricIdentifier:
    case Token::kAnd:
    case Token::kOr:
    case Token::kUnless:
      return true;
    case Token::kBool:
    case Token::kOn:
    case Token::kIgnoring:
    case Token::kGroupLeft:
    case Token::kGroupRight:
      return false;
    default:
      return is_keyword(item().token) || is_aggregation(item().token);
  }
}

Result<NodePtr> Parser::number() {
  const Item literal = take();
  if (literal.token == Token::kDuration) {
    const double seconds = static_cast<double>(read_duration(literal.text).value_or(0)) / 1e9;
    return NodePtr(std::make_unique<NumberNode>(seconds, true, literal.position));
  }
  return NodePtr(std::make_unique<NumberNode>(read_number(literal.text).value_or(0), false, literal.position));
}

Result<NodePtr> Parser::parenthesis() {
  const Position opening = take().position;
  auto inner = expression(1);
  if (!inner) return inner;
  if (auto closed = expect(Token::kRightParen, "", ""); !closed) return std::move(closed).error();
  return NodePtr(std::make_unique<ParenNode>(std::move(*inner), Position{opening.start, last_end_}));
}

Result<NodePtr> Parser::selector() {
  auto node = std::make_unique<VectorSelector>(item().position);
  if (!is(Token::kLeftBrace)) node->name = std::string(take().text);
  if (is(Token::kLeftBrace)) {
    if (auto read = braces(*node); !read) return std::move(read).error();
  }
  if (!node->name.empty()) node->matchers.push_back({MatchOp::kEqual, "__name__", node->name});
  node->position.end = last_end_;
  return NodePtr(std::move(node));
}

Result<void> Parser::braces(VectorSelector& node) {
  take();
  while (!is(Token::kRightBrace)) {
    const Token next = item(1).token;
    if (is(Token::kString) && (next == Token::kComma || next == Token::kRightBrace)) {
      const Item literal = take();
      std::string name = unquote(literal.text).value_or("");
      if (!node.name.empty())
        return error(literal.position, "metric name must not be set twice: " + quote(node.name) + " or " + quote(name));
      node.name = std::move(name);
      node.name_quoted = true;
    } else {
      auto read = matcher();
      if (!read) return std::move(read).error();
      node.matchers.push_back(std::move(*read));
    }
    if (is(Token::kComma)) {
      take();
    } else if (!is(Token::kRightBrace)) {
      return unexpected("label matching", "\",\" or \"}\"");
    }
  }
  take();
  return {};
}

Result<Matcher> Parser::matcher() {
  Matcher made{};
  const Position place = item().position;
  if (is(Token::kString)) {
    made.name = unquote(take().text).value_or("");
  } else if (is(Token::kIdentifier)) {
    made.name = std::string(take().text);
  } else {
    return unexpected("label matching", "identifier or \"}\"");
  }
  switch (item().token) {
    case Token::kAssign:
      made.op = MatchOp::kEqual;
      break;
    case Token::kNotEqual:
      made.op = MatchOp::kNotEqual;
      break;
    case Token::kMatchRegex:
      made.op = MatchOp::kRegex;
      break;
    case Token::kMatchNotRegex:
      made.op = MatchOp::kNotRegex;
      break;
    default:
      return unexpected("label matching", "label matching operator");
  }
  take();
  if (!is(Token::kString)) return unexpected("label matching", "string");
  made.value = unquote(take().text).value_or("");
  if (auto compiled = CompiledMatcher::compile(made); !compiled) return error(place, compiled.error().message());
  return made;
}

Result<std::vector<std::string>> Parser::label_list() {
  std::vector<std::string> labels;
  if (auto open = expect(Token::kLeftParen, "grouping opts", "\"(\""); !open) return std::move(open).error();
  while (!is(Token::kRightParen)) {
    const Item& label = item();
    if (label.token == Token::kString) {
      std::string name = unquote(label.text).value_or("");
      if (name.empty() || !is_utf8(name)) return error(label.position, "invalid label name for grouping: " + quote(name));
      labels.push_back(std::move(name));
    } else if (label.token == Token::kMetricIdentifier) {
      return error(label.position, "invalid label name for grouping: " + quote(label.text));
    } else if (label.token == Token::kIdentifier || is_keyword(label.token) || is_aggregation(label.token) ||
               is_set_operator(label.token) || label.token == Token::kAtan2 || label.token == Token::kNumber) {
      if (!is_legacy_label(label.text)) return unexpected("grouping opts", "label");
      labels.emplace_back(label.text);
    } else {
      return unexpected("grouping opts", "label");
    }
    take();
    if (is(Token::kComma)) {
      take();
    } else if (!is(Token::kRightParen)) {
      return unexpected("grouping opts", "\",\" or \")\"");
    }
  }
  take();
  return labels;
}

Result<std::vector<NodePtr>> Parser::arguments() {
  std::vector<NodePtr> list;
  take();
  while (!is(Token::kRightParen)) {
    auto argument = expression(1);
    if (!argument) return std::move(argument).error();
    list.push_back(std::move(*argument));
    if (is(Token::kComma)) {
      const Position comma = take().position;
      if (is(Token::kRightParen)) return error(comma, "trailing commas not allowed in function call args");
    } else if (!is(Token::kRightParen)) {
      return unexpected();
    }
  }
  take();
  return list;
}

Result<NodePtr> Parser::call() {
  const Item word = take();
  auto node = std::make_unique<CallNode>(word.position);
  node->function = find_function(word.text);
  if (node->function == nullptr) return error(word.position, "unknown function with name " + quote(excerpt(word.text)));
  auto list = arguments();
  if (!list) return std::move(list).error();
  node->arguments = std::move(*list);
  node->position.end = last_end_;
  return NodePtr(std::move(node));
}

Result<void> Parser::aggregation_labels(AggregationNode& node) {
  node.without = take().token == Token::kWithout;
  auto labels = label_list();
  if (!labels) return std::move(labels).error();
  node.labels = std::move(*labels);
  return {};
}

Result<NodePtr> Parser::aggregation() {
  const Item word = take();
  auto node = std::make_unique<AggregationNode>(word.position);
  node->op = word.token;
  const auto grouping = [&] { return is(Token::kBy) || is(Token::kWithout); };
  const bool before = grouping();
  if (before) {
    if (auto read = aggregation_labels(*node); !read) return std::move(read).error();
  }
  if (!is(Token::kLeftParen)) return unexpected("aggregation");
  auto list = arguments();
  if (!list) return std::move(list).error();
  if (!before && grouping()) {
    if (auto read = aggregation_labels(*node); !read) return std::move(read).error();
  }
  node->position.end = last_end_;
  const bool has_parameter = word.token == Token::kTopk || word.token == Token::kBottomk || word.token == Token::kCountValues ||
                             word.token == Token::kQuantile || word.token == Token::kLimitk || word.token == Token::kLimitRatio;
  const size_t wanted = has_parameter ? 2 : 1;
  if (list->empty()) return error(node->position, "no arguments for aggregate expression provided");
  if (list->size() != wanted)
    return error(node->position, "wrong number of arguments for aggregate expression provided, expected " + std::to_string(wanted) +
                                     ", got " + std::to_string(list->size()));
  if (has_parameter) node->parameter = std::move(list->front());
  node->operand = std::move(list->back());
  return NodePtr(std::move(node));
}

}  // namespace tarsier::promql
