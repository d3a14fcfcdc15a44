// The words of PromQL.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "plugins/lib/promql/position.hpp"

namespace tarsier::promql {

enum class Token : uint8_t {
  kEnd,
  kError,  // text: what is wrong
  kIdentifier,
  kMetricIdentifier,  // an identifier with a colon in it
  kNumber,
  kDuration,
  kString,
  kLeftParen,
  kRightParen,
  kLeftBrace,
  kRightBrace,
  kLeftBracket,
  kRightBracket,
  kComma,
  kColon,
  kAt,
  kAssign,  // '=' in matchers
  // operators of expressions and of matchers
  kAdd,
  kSub,
  kMul,
  kDiv,
  kMod,
  kPow,
  kAtan2,
  kEqual,  // '=='
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kTrimUpper,  // '</'
  kTrimLower,  // '>/'
  kMatchRegex,
  kMatchNotRegex,
  kAnd,
  kOr,
  kUnless,
  // keywords
  kBy,
  kWithout,
  kOn,
  kIgnoring,
  kGroupLeft,
  kGroupRight,
  kBool,
  kOffset,
  kFill,
  kFillLeft,
  kFillRight,
  kAnchored,
  kSmoothed,
  kStart,
  kEndWord,  // 'end', as in @ end()
  kStep,
  kRange,
  kMinOf,
  kMaxOf,
  // aggregations
  kSum,
  kAvg,
  kCount,
  kMin,
  kMax,
  kGroup,
  kStddev,
  kStdvar,
  kTopk,
  kBottomk,
  kCountValues,
  kQuantile,
  kLimitk,
  kLimitRatio,
};

struct Item {
  Token token = Token::kEnd;
  Position position;
  std::string_view text;  // into the query; for kError what is wrong, into the lexer's own text
};

constexpr bool is_aggregation(Token token) noexcept { return token >= Token::kSum; }
constexpr bool is_keyword(Token token) noexcept { return token >= Token::kBy && token < Token::kSum; }
constexpr bool is_operator(Token token) noexcept { return token >= Token::kAdd && token <= Token::kUnless; }
constexpr bool is_comparison(Token token) noexcept { return token >= Token::kEqual && token <= Token::kGreaterEqual; }
constexpr bool is_set_operator(Token token) noexcept {
  return token == Token::kAnd || token == Token::kOr || token == Token::kUnless;
}

/// The keyword, operator or aggregation that this word is, in any case of letters; kIdentifier when it is none.
Token keyword(std::string_view word);
/// As written in a query: "+", "group_left", "sum".
std::string_view spelling(Token token);
/// For error messages: `<op:+>`, `<aggr:sum>`, `identifier "foo"`, `end of input`.
std::string describe(const Item& item);

}  // namespace tarsier::promql
