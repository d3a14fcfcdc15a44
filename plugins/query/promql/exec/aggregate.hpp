// The parts of aggregations: groups, and one function for each family of operators.
#pragma once

#include <cstdint>
#include <vector>

#include "plugins/lib/promql/ast.hpp"
#include "plugins/query/promql/exec/scalar.hpp"

namespace tarsier::promql {

Signature signature_of(const AggregationNode& node);

/// Whether the operand is a selector or a range function of one that the aggregation folds while the store brings it, as far as the
/// tree says.
bool may_fold_selected(const AggregationNode& node);

/// Which group each series belongs to.
class Groups {
 public:
  Groups(const AggregationNode& node, const std::vector<Series>& series);
  size_t size() const noexcept { return labels_.size(); }
  uint32_t of(size_t series) const noexcept { return group_of_[series]; }
  const Labels& labels(size_t group) const noexcept { return labels_[group]; }
  bool drop_name(size_t group) const noexcept { return drop_name_[group]; }

 private:
  Signature signature_;
  std::vector<uint32_t> group_of_;
  std::vector<Labels> labels_;
  std::vector<bool> drop_name_;
};

/// sum, avg, min, max, count, group, stddev, stdvar.
Result<Vector> fold(Token op, const Groups& groups, const Vector& input, size_t steps, QueryContext& context);
Result<Vector> group_quantile(const Groups& groups, const Scalar& q, const Vector& input, size_t steps, QueryContext& context);
/// Adds the histograms of sum and avg to the result of the numbers.
Result<void> fold_histograms(const AggregationNode& node, const Groups& groups, const Vector& input, size_t steps,
                             QueryContext& context, Vector& out);
/// Of the operators that make something of numbers only.
void leave_out_histograms(const AggregationNode& node, Vector& input, QueryContext& context);
Result<Vector> count_values(const AggregationNode& node, const Groups& groups, const Vector& input, QueryContext& context);

/// The whole number that the parameter of topk and its like means; an error when it is none.
Result<int64_t> whole_count(double k);
/// Whether topk (or bottomk) rather keeps `a`: NaN is worse than anything.
bool is_better(bool top, double a, double b) noexcept;
/// These keep some of the input series as they are.
Result<Vector> select_extremes(const AggregationNode& node, const Groups& groups, const Scalar& k, size_t steps, Vector input,
                               QueryContext& context);
Result<Vector> limit_count(const AggregationNode& node, const Groups& groups, const Scalar& k, size_t steps, Vector input,
                           QueryContext& context);
Result<Vector> limit_ratio(const AggregationNode& node, const Scalar& ratio, size_t steps, Vector input, QueryContext& context);

}  // namespace tarsier::promql
