#include "plugins/lib/promql/token.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "plugins/lib/promql/text.hpp"

namespace tarsier::promql {
namespace {

using Spelling = std::pair<Token, std::string_view>;

constexpr std::array kWords = {
    Spelling{Token::kAnd, "and"},
    Spelling{Token::kOr, "or"},
    Spelling{Token::kUnless, "unless"},
    Spelling{Token::kAtan2, "atan2"},
    Spelling{Token::kBy, "by"},
    Spelling{Token::kWithout, "without"},
    Spelling{Token::kOn, "on"},
    Spelling{Token::kIgnoring, "ignoring"},
    Spelling{Token::kGroupLeft, "group_left"},
    Spelling{Token::kGroupRight, "group_right"},
    Spelling{Token::kBool, "bool"},
    Spelling{Token::kOffset, "offset"},
    Spelling{Token::kFill, "fill"},
    Spelling{Token::kFillLeft, "fill_left"},
    Spelling{Token::kFillRight, "fill_right"},
    Spelling{Token::kAnchored, "anchored"},
    Spelling{Token::kSmoothed, "smoothed"},
    Spelling{Token::kStart, "start"},
    Spelling{Token::kEndWord, "end"},
    Spelling{Token::kStep, "step"},
    Spelling{Token::kRange, "range"},
    Spelling{Token::kMinOf, "min_of"},
    Spelling{Token::kMaxOf, "max_of"},
    Spelling{Token::kSum, "sum"},
    Spelling{Token::kAvg, "avg"},
    Spelling{Token::kCount, "count"},
    Spelling{Token::kMin, "min"},
    Spelling{Token::kMax, "max"},
    Spelling{Token::kGroup, "group"},
    Spelling{Token::kStddev, "stddev"},
    Spelling{Token::kStdvar, "stdvar"},
    Spelling{Token::kTopk, "topk"},
    Spelling{Token::kBottomk, "bottomk"},
    Spelling{Token::kCountValues, "count_values"},
    Spelling{Token::kQuantile, "quantile"},
    Spelling{Token::kLimitk, "limitk"},
    Spelling{Token::kLimitRatio, "limit_ratio"},
};

constexpr std::array kSigns = {
    Spelling{Token::kLeftParen, "("},   Spelling{Token::kRightParen, ")"},
    Spelling{Token::kLeftBrace, "{"},   Spelling{Token::kRightBrace, "}"},
    Spelling{Token::kLeftBracket, "["}, Spelling{Token::kRightBracket, "]"},
    Spelling{Token::kComma, ","},       Spelling{Token::kColon, ":"},
    Spelling{Token::kAt, "@"},          Spelling{Token::kAssign, "="},
    Spelling{Token::kAdd, "+"},         Spelling{Token::kSub, "-"},
    Spelling{Token::kMul, "*"},         Spelling{Token::kDiv, "/"},
    Spelling{Token::kMod, "%"},         Spelling{Token::kPow, "^"},
    Spelling{Token::kEqual, "=="},      Spelling{Token::kNotEqual, "!="},
    Spelling{Token::kLess, "<"},        Spelling{Token::kLessEqual, "<="},
    Spelling{Token::kGreater, ">"},     Spelling{Token::kGreaterEqual, ">="},
    Spelling{Token::kTrimUpper, "</"},  Spelling{Token::kTrimLower, ">/"},
    Spelling{Token::kMatchRegex, "=~"}, Spelling{Token::kMatchNotRegex, "!~"},
};

}  // namespace

Token keyword(std::string_view word) {
  std::string lower(word);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  for (const auto& [token, text] : kWords)
    if (text == lower) return token;
  return Token::kIdentifier;
}

std::string_view spelling(Token token) {
  for (const auto& [known, text] : kWords)
    if (known == token) return text;
  for (const auto& [known, text] : kSigns)
    if (known == token) return text;
  return {};
}

std::string describe(const Item& item) {
  std::string text(item.text);
  switch (item.token) {
    case Token::kEnd:
      return "end of input";
    case Token::kError:
      return text;
    case Token::kIdentifier:
      return "identifier " + quote(excerpt(text));
    case Token::kMetricIdentifier:
      return "metric identifier " + quote(excerpt(text));
    case Token::kNumber:
      return "number " + (text.size() > 10 ? quote(text.substr(0, 10)) + "..." : quote(text));
    case Token::kDuration:
      return "duration " + (text.size() > 10 ? quote(text.substr(0, 10)) + "..." : quote(text));
    case Token::kString:
      return "string " + (text.size() > 10 ? quote(text.substr(0, 10)) + "..." : quote(text));
    default:
      break;
  }
  if (is_aggregation(item.token)) return "<aggr:" + text + ">";
  if (is_operator(item.token)) return "<op:" + text + ">";
  if (is_keyword(item.token)) return "<" + text + ">";
  return quote(text);
}

}  // namespace tarsier::promql
