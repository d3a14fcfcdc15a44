// Binary operators with a vector on at least one side.
#include <algorithm>
#include <map>

#include "plugins/query/promql/exec/evaluator.hpp"
#include "plugins/query/promql/exec/operators.hpp"

namespace tarsier::promql {
namespace {

Signature signature_of(const Matching& matching) {
  Signature signature{matching.on, matching.labels};
  std::sort(signature.labels.begin(), signature.labels.end());
  return signature;
}

/// Arithmetic changes what a value means, so the name goes; a comparison only filters.
bool changes_meaning(Token op) { return !is_comparison(op); }

/// Applies the operator at one step: kNothing when a comparison filters it out.
double apply(const BinaryNode& node, double left, double right) {
  if (!is_comparison(node.op)) return calculate(node.op, left, right);
  const bool holds = compares(node.op, left, right);
  if (node.return_bool) return holds ? 1 : 0;
  return holds ? left : kNothing;
}

bool none_present(const Column& values) { return std::all_of(values.begin(), values.end(), is_absent); }

}  // namespace

Result<Vector> Evaluator::binary(const BinaryNode& node) {
  if (node.left->type == ValueType::kScalar) return with_scalar(node, true);
  if (node.right->type == ValueType::kScalar) return with_scalar(node, false);
  return is_set_operator(node.op) ? set_operation(node) : matched(node);
}

Result<Vector> Evaluator::with_scalar(const BinaryNode& node, bool scalar_on_left) {
  auto number = scalar(scalar_on_left ? *node.left : *node.right);
  if (!number) return std::move(number).error();
  auto result = vector(scalar_on_left ? *node.right : *node.left);
  if (!result) return result;
  for (Series& series : result->series) {
    series.drop_name = series.drop_name || changes_meaning(node.op) || node.return_bool;
    for (size_t i = 0; i < steps_; ++i) {
      double& value = series.values[i];
      if (is_absent(value)) continue;
      const double left = scalar_on_left ? (*number)[i] : value;
      const double right = scalar_on_left ? value : (*number)[i];
      const double kept = value;
      value = apply(node, left, right);
      // A filter keeps the vector's value, whichever side it is on.
      if (scalar_on_left && is_comparison(node.op) && !node.return_bool && is_present(value)) value = kept;
    }
  }
  std::erase_if(result->series, [](const Series& series) { return none_present(series.values); });
  return result;
}

Result<Vector> Evaluator::set_operation(const BinaryNode& node) {
  auto left = vector(*node.left);
  if (!left) return left;
  auto right = vector(*node.right);
  if (!right) return right;
  const Signature signature = signature_of(node.matching);
  LabelIndex index(&signature, left->series.size() + right->series.size());
  // Which steps of a signature have a sample on the side that decides.
  const std::vector<Series>& deciding = node.op == Token::kOr ? left->series : right->series;
  std::vector<std::vector<bool>> present;
  for (const Series& series : deciding) {
    const auto [number, is_new] = index.add(series.labels);
    if (is_new) present.emplace_back(steps_, false);
    for (size_t i = 0; i < steps_; ++i)
      if (is_present(series.values[i])) present[number][i] = true;
  }
  std::vector<Series>& filtered = node.op == Token::kOr ? right->series : left->series;
  for (Series& series : filtered) {
    const uint32_t number = index.find(series.labels);
    for (size_t i = 0; i < steps_; ++i) {
      const bool matches = number != LabelIndex::kNone && present[number][i];
      if (matches != (node.op == Token::kAnd)) series.values[i] = kNothing;
    }
  }
  return join(node.op, std::move(*left), std::move(*right));
}

Result<Vector> Evaluator::join(Token op, Vector left, Vector right) {
  if (op == Token::kUnless || op == Token::kAnd) {
    std::erase_if(left.series, [](const Series& series) { return none_present(series.values); });
    return left;
  }
  for (Series& series : right.series) left.series.push_back(std::move(series));
  std::erase_if(left.series, [](const Series& series) { return none_present(series.values); });
  if (auto merged = merge_equal(left.series, kSameLabels); !merged) return std::move(merged).error();
  return finish(std::move(left));
}

}  // namespace tarsier::promql
