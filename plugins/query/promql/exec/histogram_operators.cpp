#include "plugins/query/promql/exec/histogram_operators.hpp"

#include "plugins/query/promql/histogram/trim.hpp"

namespace tarsier::promql {
namespace {

Operand histogram_operand(FloatHistogram histogram) { return {kNothing, std::make_shared<FloatHistogram>(std::move(histogram))}; }

}  // namespace

Operand HistogramOperator::apply(const Operand& left, const Operand& right) const {
  if (left.histogram != nullptr && right.histogram != nullptr) return both(left.histogram, right.histogram);
  if (left.histogram != nullptr) return with_number(left.histogram, right.value);
  if (node_.op == Token::kMul) return with_number(right.histogram, left.value);
  return incompatible(false, true);
}

void HistogramOperator::refuse_numbers() const { incompatible(false, false); }

Operand HistogramOperator::incompatible(bool left_histogram, bool right_histogram) const {
  const auto kind = [](bool histogram) { return histogram ? "histogram" : "float"; };
  notes_.incompatible_types(kind(left_histogram), spelling(node_.op), kind(right_histogram));
  return {};
}

Operand HistogramOperator::with_number(const HistogramRef& left, double right) const {
  FloatHistogram result = *left;
  switch (node_.op) {
    case Token::kMul:
      multiply(result, right);
      break;
    case Token::kDiv:
      divide(result, right);
      break;
    case Token::kTrimUpper:
      trim(result, right, TrimSide::kKeepBelow);
      return histogram_operand(std::move(result));
    case Token::kTrimLower:
      trim(result, right, TrimSide::kKeepAbove);
      return histogram_operand(std::move(result));
    default:
      return incompatible(true, false);
  }
  compact(result);
  return histogram_operand(std::move(result));
}

Operand HistogramOperator::both(const HistogramRef& left, const HistogramRef& right) const {
  if (node_.op == Token::kEqual || node_.op == Token::kNotEqual) return compared(left, right);
  if (node_.op != Token::kAdd && node_.op != Token::kSub) return incompatible(true, true);
  const bool adds = node_.op == Token::kAdd;
  const std::string_view operation = adds ? "addition" : "subtraction";
  FloatHistogram result = *left;
  const auto merged = adds ? add(result, *right) : subtract(result, *right);
  if (!merged) {
    notes_.incompatible_buckets(spelling(node_.op));
    return {};
  }
  if (merged->collision) notes_.collision(operation);
  if (merged->reconciled) notes_.reconciled(operation);
  if (!adds) result.counter_reset = CounterReset::gauge;
  compact(result);
  return histogram_operand(std::move(result));
}

Operand HistogramOperator::compared(const HistogramRef& left, const HistogramRef& right) const {
  const bool holds = identical(*left, *right) == (node_.op == Token::kEqual);
  if (node_.return_bool) return {holds ? 1.0 : 0.0, nullptr};
  return holds ? Operand{kNothing, left} : Operand{};
}

}  // namespace tarsier::promql
