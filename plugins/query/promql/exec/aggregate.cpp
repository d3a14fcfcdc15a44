// Aggregations: series are numbered by the signature of their labels, and each column is folded into its group's columns.
#include "plugins/query/promql/exec/aggregate.hpp"

#include <algorithm>
#include <cmath>

#include "plugins/lib/promql/text.hpp"
#include "plugins/query/promql/exec/evaluator.hpp"
#include "plugins/query/promql/exec/folding.hpp"

namespace tarsier::promql {

Signature signature_of(const AggregationNode& node) {
  Signature signature{!node.without, node.labels};
  std::sort(signature.labels.begin(), signature.labels.end());
  return signature;
}

Groups::Groups(const AggregationNode& node, const std::vector<Series>& series) : signature_(signature_of(node)) {
  LabelIndex index(&signature_, 64);
  group_of_.reserve(series.size());
  for (const Series& one : series) {
    const auto [group, is_new] = index.add(one.labels);
    if (is_new) {
      labels_.push_back(signature_.project(one.labels));
      drop_name_.push_back(false);
    }
    drop_name_[group] = drop_name_[group] || one.drop_name;
    group_of_.push_back(group);
  }
}

Result<Vector> Evaluator::aggregate(const AggregationNode& node) {
  const bool extremes = node.op == Token::kTopk || node.op == Token::kBottomk;
  if (folds(node.op) || extremes) {
    auto folded = extremes ? fold_extremes(node) : fold_selected(node);
    if (!folded) return std::move(folded).error();
    if (*folded) {
      auto done = named(std::move(**folded));
      return done ? finish(std::move(*done)) : std::move(done);
    }
  }
  auto input = vector(*node.operand);
  if (!input) return input;
  Result<Scalar> parameter = Scalar();
  if (node.parameter && node.op != Token::kCountValues) parameter = scalar(*node.parameter);
  if (!parameter) return std::move(parameter).error();
  switch (node.op) {
    case Token::kMin:
    case Token::kMax:
    case Token::kStddev:
    case Token::kStdvar:
    case Token::kQuantile:
    case Token::kTopk:
    case Token::kBottomk:
      leave_out_histograms(node, *input, context_);
      break;
    default:
      break;
  }
  const Groups groups(node, input->series);
  Result<Vector> result = Vector{};
  switch (node.op) {
    case Token::kTopk:
    case Token::kBottomk:
      result = select_extremes(node, groups, *parameter, steps_, std::move(*input), context_);
      break;
    case Token::kLimitk:
      result = limit_count(node, groups, *parameter, steps_, std::move(*input), context_);
      break;
    case Token::kLimitRatio:
      result = limit_ratio(node, *parameter, steps_, std::move(*input), context_);
      break;
    case Token::kCountValues:
      result = count_values(node, groups, *input, context_);
      break;
    case Token::kQuantile:
      for (const double q : parameter->values())
        if (std::isnan(q) || q < 0 || q > 1) check_quantile(q, *node.parameter);
      result = group_quantile(groups, *parameter, *input, steps_, context_);
      break;
    default:
      result = fold(node.op, groups, *input, steps_, context_);
      if (!result) return result;
      if (node.op != Token::kSum && node.op != Token::kAvg) break;
      if (auto folded = fold_histograms(node, groups, *input, steps_, context_, *result); !folded) return std::move(folded).error();
      break;
  }
  if (!result) return result;
  auto done = named(std::move(*result));
  return done ? finish(std::move(*done)) : std::move(done);
}

}  // namespace tarsier::promql
