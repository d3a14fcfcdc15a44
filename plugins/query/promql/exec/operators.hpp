// The arithmetic of binary operators on two values.
#pragma once

#include <cmath>

#include "plugins/lib/promql/token.hpp"
#include "tarsier/result.hpp"

namespace tarsier::promql {

inline double calculate(Token op, double left, double right) {
  switch (op) {
    case Token::kAdd:
      return left + right;
    case Token::kSub:
      return left - right;
    case Token::kMul:
      return left * right;
    case Token::kDiv:
      return left / right;
    case Token::kMod:
      return std::fmod(left, right);
    case Token::kPow:
      return std::pow(left, right);
    case Token::kAtan2:
      return std::atan2(left, right);
    default:
      bug("calculate: not an arithmetic operator");
  }
}

inline bool compares(Token op, double left, double right) {
  switch (op) {
    case Token::kEqual:
      return left == right;
    case Token::kNotEqual:
      return left != right;
    case Token::kLess:
      return left < right;
    case Token::kLessEqual:
      return left <= right;
    case Token::kGreater:
      return left > right;
    case Token::kGreaterEqual:
      return left >= right;
    default:
      bug("compares: not a comparison");
  }
}

}  // namespace tarsier::promql
