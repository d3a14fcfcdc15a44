// Lengths of time inside [ ] and after offset: literals, and formulas over them with step(), range(), min_of() and max_of().
#include "plugins/lib/promql/number.hpp"
#include "plugins/lib/promql/parser.hpp"
#include "plugins/lib/promql/text.hpp"

namespace tarsier::promql {
namespace {

constexpr std::string_view kContext = "duration expression";

int level(Token token) {
  switch (token) {
    case Token::kAdd:
    case Token::kSub:
      return 1;
    case Token::kMul:
    case Token::kDiv:
    case Token::kMod:
      return 2;
    case Token::kPow:
      return 4;
    default:
      return -1;
  }
}

Duration::Op operation(Token token) {
  switch (token) {
    case Token::kAdd:
      return Duration::Op::kAdd;
    case Token::kSub:
      return Duration::Op::kSub;
    case Token::kMul:
      return Duration::Op::kMul;
    case Token::kDiv:
      return Duration::Op::kDiv;
    case Token::kMod:
      return Duration::Op::kMod;
    default:
      return Duration::Op::kPow;
  }
}

using DurationPtr = std::unique_ptr<Duration>;

}  // namespace

Result<DurationPtr> Parser::duration_expression(int lowest) {
  if (++depth_ > kMaxDepth) return error(item().position, "expression is nested too deeply");
  auto left = duration_unary();
  uint32_t chain = 0;
  while (left) {
    const Token op = item().token;
    const int bound = level(op);
    if (bound < 0 || bound < lowest) break;
    if (++chain + depth_ > kMaxDepth) return error(item().position, "expression is nested too deeply");
    const Position place = take().position;
    auto right = duration_expression(op == Token::kPow ? bound : bound + 1);
    if (!right) return right;
    const bool by_zero = (*right)->op == Duration::Op::kLiteral && (*right)->seconds == 0;
    if (by_zero && op == Token::kDiv) return error(place, "division by zero");
    if (by_zero && op == Token::kMod) return error(place, "modulo by zero");
    auto node = std::make_unique<Duration>();
    node->op = operation(op);
    node->position = {(*left)->position.start, (*right)->position.end};
    node->left = std::move(*left);
    node->right = std::move(*right);
    left = std::move(node);
  }
  --depth_;
  return left;
}

Result<DurationPtr> Parser::duration_unary() {
  if (!is(Token::kAdd) && !is(Token::kSub)) return duration_primary();
  const Item sign = take();
  auto operand = duration_expression(3);
  if (!operand) return operand;
  const Position position = {sign.position.start, (*operand)->position.end};
  if ((*operand)->op == Duration::Op::kLiteral) {
    if (sign.token == Token::kSub) (*operand)->seconds = -(*operand)->seconds;
    (*operand)->position = position;
    return operand;
  }
  auto node = std::make_unique<Duration>();
  node->op = sign.token == Token::kSub ? Duration::Op::kNegate : Duration::Op::kPlus;
  node->position = position;
  node->left = std::move(*operand);
  return node;
}

Result<DurationPtr> Parser::duration_primary() {
  switch (item().token) {
    case Token::kNumber:
    case Token::kDuration: {
      const Item literal = take();
      auto node = std::make_unique<Duration>();
      node->position = literal.position;
      node->is_number = literal.token == Token::kNumber;
      node->seconds = node->is_number ? read_number(literal.text).value_or(0)
                                      : static_cast<double>(read_duration(literal.text).value_or(0)) / 1e9;
      if (!(node->seconds > -9.2e9 && node->seconds < 9.2e9)) return error(literal.position, "duration out of range");
      return node;
    }
    case Token::kLeftParen: {
      const Position opening = take().position;
      auto inner = duration_expression(0);
      if (!inner) return inner;
      if (auto closed = expect(Token::kRightParen, kContext, "\")\""); !closed) return std::move(closed).error();
      // A literal needs none, but for a negative one in front of '^'.
      if ((*inner)->op == Duration::Op::kLiteral && ((*inner)->seconds >= 0 || !is(Token::kPow))) {
        (*inner)->position = {opening.start, last_end_};
        return inner;
      }
      auto node = std::make_unique<Duration>();
      node->op = Duration::Op::kParen;
      node->position = {opening.start, last_end_};
      node->left = std::move(*inner);
      return node;
    }
    case Token::kStep:
    case Token::kRange:
    case Token::kMinOf:
    case Token::kMaxOf:
      return duration_call();
    default:
      return unexpected(kContext, "number, duration, step(), or range()");
  }
}

Result<DurationPtr> Parser::duration_call() {
  const Item word = take();
  auto node = std::make_unique<Duration>();
  node->position = word.position;
  if (auto open = expect(Token::kLeftParen, kContext, "\"(\""); !open) return std::move(open).error();
  if (word.token == Token::kStep || word.token == Token::kRange) {
    node->op = word.token == Token::kStep ? Duration::Op::kStep : Duration::Op::kRange;
  } else {
    node->op = word.token == Token::kMinOf ? Duration::Op::kMinOf : Duration::Op::kMaxOf;
    auto left = duration_expression(0);
    if (!left) return left;
    if (auto comma = expect(Token::kComma, kContext, "\",\""); !comma) return std::move(comma).error();
    auto right = duration_expression(0);
    if (!right) return right;
    node->left = std::move(*left);
    node->right = std::move(*right);
  }
  if (auto closed = expect(Token::kRightParen, kContext, "\")\""); !closed) return std::move(closed).error();
  node->position.end = last_end_;
  return node;
}

}  // namespace tarsier::promql
