// Functions of range vectors, and what is not there: absent() and absent_over_time().
#include <algorithm>
#include <cmath>
#include <string>

#include "plugins/lib/promql/text.hpp"
#include "plugins/query/promql/exec/evaluator.hpp"

namespace tarsier::promql {
namespace {

/// The labels that absent() can know: those that the selector asks to be equal to one value.
Labels labels_of_selector(const Node& argument) {
  const Node& node = unwrap(argument);
  const VectorSelector* selector = nullptr;
  if (node.kind == NodeKind::kVectorSelector) selector = static_cast<const VectorSelector*>(&node);
  if (node.kind == NodeKind::kMatrixSelector) selector = static_cast<const MatrixSelector&>(node).selector.get();
  if (selector == nullptr) return {};
  LabelsBuilder builder;
  std::vector<std::string_view> seen;
  for (const Matcher& matcher : selector->matchers) {
    if (matcher.name == kMetricName) continue;
    const bool again = std::find(seen.begin(), seen.end(), matcher.name) != seen.end();
    if (matcher.op == MatchOp::kEqual && !again) {
      builder.set(matcher.name, matcher.value);
      seen.push_back(matcher.name);
    } else {
      builder.remove(matcher.name);
    }
  }
  return builder.build();
}

bool ends_with(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

}  // namespace

Result<Vector> Evaluator::absent(const CallNode& node) {
  auto inner = vector(*node.arguments[0]);
  if (!inner) return inner;
  return where_none(*inner, *node.arguments[0]);
}

Result<Vector> Evaluator::where_none(const Vector& found, const Node& selector) {
  auto ones = each_step([](size_t) { return 1.0; });
  if (!ones) return std::move(ones).error();
  Vector out = single(std::move(*ones));
  for (const Series& series : found.series)
    for (size_t step = series.first; step < series.past(); ++step)
      if (series.present_at(step)) out.series[0].values[step] = kNothing;
  out.series[0].labels = labels_of_selector(selector);
  return out;
}

Result<KernelArguments> Evaluator::kernel_arguments(const CallNode& node) {
  std::vector<Scalar> scalars;
  for (const NodePtr& argument : node.arguments) {
    if (argument->type == ValueType::kMatrix) continue;
    auto values = scalar(*argument);
    if (!values) return std::move(values).error();
    scalars.push_back(std::move(*values));
  }
  scalars.resize(2);
  KernelArguments arguments = {std::move(scalars[0]), std::move(scalars[1])};
  if (auto checked = check_arguments(node, arguments); !checked) return std::move(checked).error();
  return arguments;
}

const Node& range_of(const CallNode& node) {
  const auto is_range = [](const NodePtr& argument) { return argument->type == ValueType::kMatrix; };
  return **std::find_if(node.arguments.begin(), node.arguments.end(), is_range);
}

Result<Vector> Evaluator::range_call(const CallNode& node) {
  const FunctionId id = node.function->id;
  const Node* const range = &range_of(node);
  const auto arguments = kernel_arguments(node);
  if (!arguments) return arguments.error();
  auto result = over_range(node, *range, kernel_of(id), *arguments);
  if (!result) return result;
  if (id == FunctionId::kRate || id == FunctionId::kIncrease)
    for (const Series& series : result->series)
      if (!std::all_of(series.values.begin(), series.values.end(), is_absent))
        check_counter(node, *range, series.labels.get(kMetricName), series.labels.get("__type__"));
  if (id != FunctionId::kAbsentOverTime) return result;
  return where_none(*result, *range);
}

Result<void> Evaluator::check_arguments(const CallNode& node, const KernelArguments& arguments) {
  if (node.function->id == FunctionId::kQuantileOverTime) {
    for (const double q : arguments.first.values())
      if (std::isnan(q) || q < 0 || q > 1) check_quantile(q, *node.arguments[0]);
  }
  if (node.function->id != FunctionId::kDoubleExponentialSmoothing) return {};
  const auto outside = [](double factor) { return !(factor > 0 && factor < 1); };
  for (const double factor : arguments.first.values())
    if (outside(factor))
      return Error(TARSIER_UNSUPPORTED, "invalid smoothing factor. Expected: 0 < sf < 1, got: " + std::to_string(factor));
  for (const double factor : arguments.second.values())
    if (outside(factor))
      return Error(TARSIER_UNSUPPORTED, "invalid trend factor. Expected: 0 < tf < 1, got: " + std::to_string(factor));
  return {};
}

void Evaluator::check_quantile(double q, const Node& argument) {
  context_.warn("quantile value should be between 0 and 1, got " + write_number(q), argument.position);
}

/// rate() of what does not look like a counter is worth a hint.
void Evaluator::check_counter(const CallNode& node, const Node& range, std::string_view name, std::string_view type) {
  if (unwrap(range).kind != NodeKind::kMatrixSelector) return;
  if (name.empty() || type == "counter" || type == "histogram") return;
  if (!type.empty()) {
    context_.inform("metric might not be a counter, __type__ label is not set to \"counter\" or \"histogram\", got \"" +
                        std::string(type) + "\": " + quote(name),
                    node.arguments[0]->position);
    return;
  }
  for (const std::string_view end : {"_total", "_sum", "_count", "_bucket"})
    if (ends_with(name, end)) return;
  context_.inform("metric might not be a counter, name does not end in _total/_sum/_count/_bucket: " + quote(name),
                  node.arguments[0]->position);
}

}  // namespace tarsier::promql
