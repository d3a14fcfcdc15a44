// Binary operators with a vector on at least one side.
#include <algorithm>
#include <map>

#include "plugins/query/promql/exec/evaluator.hpp"
#include "plugins/query/promql/exec/histogram_operators.hpp"
#include "plugins/query/promql/exec/operators.hpp"
#include "plugins/query/promql/exec/stretch.hpp"

namespace tarsier::promql {
namespace {

Signature signature_of(const Matching& matching) {
  Signature signature{matching.on, matching.labels};
  std::sort(signature.labels.begin(), signature.labels.end());
  return signature;
}

/// Arithmetic changes what a value means, so the name goes; a comparison only filters.
bool changes_meaning(Token op) { return !is_comparison(op) && !is_trim(op); }

/// Applies the operator at one step: kNothing when a comparison filters it out.
double apply(const BinaryNode& node, double left, double right) {
  if (!is_comparison(node.op)) return calculate(node.op, left, right);
  const bool holds = compares(node.op, left, right);
  if (node.return_bool) return holds ? 1 : 0;
  return holds ? left : kNothing;
}

bool is_empty(const Series& series) { return series.empty(); }

}  // namespace

/// Operators from where on vectors are to be evaluated at each step; what is left of them is a scalar, or the same at all steps.
Result<Vector> Evaluator::vector_chain(const BinaryNode& top) {
  const auto operators = left_chain(top);
  auto at = std::find_if(operators.begin(), operators.end(),
                         [&](const BinaryNode* node) { return node->type == ValueType::kVector && at_each_step(*node); });
  std::optional<Vector> value;
  for (; at != operators.end(); ++at) {
    if (auto go_on = context_.check(); !go_on) return std::move(go_on).error();
    auto result = binary(**at, std::move(value));
    if (result) result = named(std::move(*result));
    if (!result) return result;
    value = std::move(*result);
  }
  return std::move(*value);
}

Result<Vector> Evaluator::binary(const BinaryNode& node, std::optional<Vector> left) {
  if (node.left->type == ValueType::kScalar) {
    auto operand = vector(*node.right);
    return operand ? with_scalar(node, std::move(*operand), true) : std::move(operand);
  }
  if (!left) {
    auto evaluated = vector(*node.left);
    if (!evaluated) return evaluated;
    left = std::move(*evaluated);
  }
  if (node.right->type == ValueType::kScalar) return with_scalar(node, std::move(*left), false);
  auto right = vector(*node.right);
  if (!right) return right;
  return is_set_operator(node.op) ? set_operation(node, std::move(*left), std::move(*right))
                                  : matched(node, std::move(*left), std::move(*right));
}

Result<Vector> Evaluator::with_scalar(const BinaryNode& node, Vector result, bool scalar_on_left) {
  auto number = scalar(scalar_on_left ? *node.left : *node.right);
  if (!number) return std::move(number).error();
  const HistogramOperator on_histograms(context_, node);
  for (Series& series : result.series) {
    series.drop_name = series.drop_name || changes_meaning(node.op) || node.return_bool;
    for (size_t step = series.first; step < series.past(); ++step) {
      double& value = series.values[step - series.first];
      if (series.histogram_at(step) != nullptr) {
        const Operand number_here = {(*number)[step], nullptr};
        const Operand histogram = {kNothing, series.histogram_of(step)};
        Operand made = scalar_on_left ? on_histograms.apply(number_here, histogram) : on_histograms.apply(histogram, number_here);
        series.set(step, std::move(made.histogram));
        value = made.value;
        continue;
      }
      if (is_absent(value)) continue;
      if (is_trim(node.op)) {
        on_histograms.refuse_numbers();
        value = kNothing;
        continue;
      }
      const double left = scalar_on_left ? (*number)[step] : value;
      const double right = scalar_on_left ? value : (*number)[step];
      const double kept = value;
      value = apply(node, left, right);
      // A filter keeps the vector's value, whichever side it is on.
      if (scalar_on_left && is_comparison(node.op) && !node.return_bool && is_present(value)) value = kept;
    }
  }
  std::erase_if(result.series, is_empty);
  return result;
}

Result<Vector> Evaluator::set_operation(const BinaryNode& node, Vector left, Vector right) {
  const Signature signature = signature_of(node.matching);
  LabelIndex index(&signature, left.series.size() + right.series.size());
  // Which steps of a signature have a sample on the side that decides.
  const std::vector<Series>& deciding = node.op == Token::kOr ? left.series : right.series;
  std::vector<Stretch<bool>> present;
  for (const Series& series : deciding) {
    const auto [number, is_new] = index.add(series.labels);
    if (is_new) present.emplace_back(false);
    present[number].cover(series.first, series.past());
    for (size_t step = series.first; step < series.past(); ++step)
      if (series.present_at(step)) present[number].set(step, true);
  }
  std::vector<Series>& filtered = node.op == Token::kOr ? right.series : left.series;
  for (Series& series : filtered) {
    const uint32_t number = index.find(series.labels);
    for (size_t step = series.first; step < series.past(); ++step) {
      const bool matches = number != LabelIndex::kNone && present[number].at(step);
      if (matches != (node.op == Token::kAnd)) series.clear(step);
    }
  }
  return join(node.op, std::move(left), std::move(right));
}

Result<Vector> Evaluator::join(Token op, Vector left, Vector right) {
  if (op == Token::kUnless || op == Token::kAnd) {
    std::erase_if(left.series, is_empty);
    return left;
  }
  for (Series& series : right.series) left.series.push_back(std::move(series));
  std::erase_if(left.series, is_empty);
  if (auto merged = merge_equal(left.series, kSameLabels); !merged) return std::move(merged).error();
  return finish(std::move(left));
}

}  // namespace tarsier::promql
