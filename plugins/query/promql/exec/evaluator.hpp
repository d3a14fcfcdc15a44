// Evaluates a prepared tree over the steps of a grid: every node once, for all steps, column by column.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "plugins/lib/promql/ast.hpp"
#include "plugins/lib/promql/functions.hpp"
#include "plugins/query/promql/exec/sample_counts.hpp"
#include "plugins/query/promql/exec/scalar.hpp"
#include "plugins/query/promql/exec/value.hpp"
#include "plugins/query/promql/exec/window.hpp"
#include "plugins/query/promql/plan/prepare.hpp"

namespace tarsier::promql {

class RunParts;

class Evaluator {
 public:
  Evaluator(QueryContext& context, Grid grid) : context_(context), grid_(grid), steps_(grid.count()) {}

  Result<Scalar> scalar(const Node& node);
  /// The same, with a value at each step whatever it is.
  Result<Scalar> spread_scalar(const Node& node);
  Result<Vector> vector(const Node& node);
  /// A range vector as it is stored: only at a single step.
  Result<std::vector<RawSeries>> matrix(const Node& node);

 private:
  // shared_results.cpp
  Result<Vector> shared_vector(const Node& node);
  // evaluator.cpp
  Result<Vector> vector_at_steps(const Node& node);
  /// The value at the first step, at all steps.
  Result<Vector> vector_once(const Node& node);
  Result<Scalar> scalar_at_steps(const Node& node);
  Result<Scalar> scalar_chain(const BinaryNode& top);
  /// One value a step, which `value(step)` says, counted before there is room for them.
  template <class Value>
  Result<Scalar> each_step(Value value);
  /// Whether the node has to be evaluated at every step of this grid, or is evaluated at one step and repeated.
  bool at_each_step(const Node& node) const { return steps_ == 1 || !node.step_invariant; }

  // select.cpp
  Result<Vector> instant(const VectorSelector& node, bool timestamps);
  bool smooth_histograms(const VectorSelector& node, const WindowPlan& plan, const tarsier_series& series, Series& out);
  Result<Vector> over_range(const CallNode& call, const Node& range, const WindowKernel& kernel, const KernelArguments& arguments);
  Result<Vector> over_selector(const CallNode& call, const MatrixSelector& node, const WindowKernel& kernel,
                               const KernelArguments& arguments);
  Result<Vector> over_subquery(const CallNode& call, const Subquery& node, const WindowKernel& kernel,
                               const KernelArguments& arguments);
  Result<Vector> start_timestamps(const VectorSelector& node);
  /// The times of info samples, which must be numbers.
  Result<Vector> info_timestamps(const VectorSelector& node);
  Result<std::vector<RawSeries>> raw_selector(const MatrixSelector& node);
  Result<std::vector<RawSeries>> raw_subquery(const Subquery& node);
  Result<std::pair<Vector, Grid>> subquery_steps(const Subquery& node, NestedCounts::Into into);

  // call.cpp
  Result<Vector> call(const CallNode& node);
  Result<Scalar> scalar_call(const CallNode& node);
  Result<Vector> math(const CallNode& node);
  Result<Vector> clamp(const CallNode& node);
  Result<Vector> dates(const CallNode& node);
  Result<Vector> timestamp(const CallNode& node);
  Result<Vector> start_timestamp(const CallNode& node);
  Result<Vector> sort(const CallNode& node);
  Result<Vector> sort_by_label(const CallNode& node);
  // range_call.cpp
  Result<Vector> absent(const CallNode& node);
  /// 1 at each step without any of what was found, with the labels that the selector says.
  Result<Vector> where_none(const Vector& found, const Node& selector);
  Result<Vector> range_call(const CallNode& node);
  /// The scalar arguments of a range function.
  Result<KernelArguments> kernel_arguments(const CallNode& node);
  Result<void> check_arguments(const CallNode& node, const KernelArguments& arguments);
  void check_counter(const CallNode& node, const Node& range, std::string_view name, std::string_view type);
  void check_quantile(double q, const Node& argument);
  // info.cpp
  Result<Vector> info(const CallNode& node);
  // label_functions.cpp
  Result<Vector> label_replace(const CallNode& node);
  Result<Vector> label_join(const CallNode& node);
  // histogram_functions.cpp
  Result<Vector> histogram_call(const CallNode& node);
  // native_functions.cpp
  Result<Vector> native_call(const CallNode& node);

  // folded_select.cpp
  /// The aggregation of what a selector brings, without a column for each series; nothing when it has to be done the general way.
  Result<std::optional<Vector>> fold_selected(const AggregationNode& node);
  /// Brings each series of the operand, as a column of results, to its part. False when it has to be done the general way, which
  /// histograms take: then what was begun is to be forgotten.
  Result<bool> fold_columns(const Node& operand, RunParts& parts);
  /// Whether the series of the operand lose their name before the aggregation sees them.
  bool loses_name(const Node& operand) const;
  /// What tells the groups apart.
  Signature folded_signature(const AggregationNode& node) const;
  // folded_extremes.cpp
  /// topk and bottomk of what a selector brings, at one step; nothing as above.
  Result<std::optional<Vector>> fold_extremes(const AggregationNode& node);
  // aggregate.cpp
  Result<Vector> aggregate(const AggregationNode& node);
  // binary.cpp
  Result<Vector> vector_chain(const BinaryNode& top);
  /// `left`: the left side's value when it is known.
  Result<Vector> binary(const BinaryNode& node, std::optional<Vector> left);
  Result<Vector> with_scalar(const BinaryNode& node, Vector operand, bool scalar_on_left);
  Result<Vector> set_operation(const BinaryNode& node, Vector left, Vector right);
  Result<Vector> join(Token op, Vector left, Vector right);
  // vector_matching.cpp
  Result<Vector> matched(const BinaryNode& node, Vector left, Vector right);

  /// A result of one series without labels.
  static Vector single(Scalar values);
  /// Counts the samples of a finished result against the limit.
  Result<Vector> finish(Vector result);
  /// Takes names away now when the engine is told to, and puts series of equal labels together.
  Result<Vector> named(Vector result);

  QueryContext& context_;
  Grid grid_;
  size_t steps_;
};

/// The range vector among the arguments of a range function.
const Node& range_of(const CallNode& node);

/// Puts series with equal labels together; `what` is the error when two of them have a value at the same step.
Result<void> merge_equal(std::vector<Series>& series, std::string_view what);
inline constexpr std::string_view kSameLabels = "vector cannot contain metrics with the same labelset";
/// Removes the metric name (with type and unit) of series that are to lose it, and merges.
Result<void> drop_names(std::vector<Series>& series);

template <class Value>
Result<Scalar> Evaluator::each_step(Value value) {
  auto room = context_.hold(steps_);
  Held held(&context_, steps_);
  if (!room) return std::move(room).error();
  Column values(steps_);
  for (size_t step = 0; step < steps_; ++step) values[step] = value(step);
  return Scalar(std::move(values), std::move(held));
}

}  // namespace tarsier::promql
