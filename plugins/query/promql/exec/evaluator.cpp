#include "plugins/query/promql/exec/evaluator.hpp"

#include <algorithm>
#include <array>

#include "plugins/query/promql/exec/explanation.hpp"
#include "plugins/query/promql/exec/operators.hpp"

namespace tarsier::promql {

Result<Scalar> Evaluator::scalar(const Node& node) {
  const Node& inner = unwrap(node);
  const bool once = !at_each_step(inner) && inner.kind != NodeKind::kNumber;
  ExplainScope scope(context_, inner, steps_, once);
  scope.made(1);
  if (!once) return scalar_at_steps(inner);
  const NestedCounts counts(context_, NestedCounts::Into::kEachStep);
  auto value = Evaluator(context_, {grid_.start_ns, grid_.start_ns, grid_.step_ns}).scalar_at_steps(inner);
  if (!value) return value;
  return Scalar((*value)[0]);
}

Result<Scalar> Evaluator::spread_scalar(const Node& node) {
  auto value = scalar(node);
  if (!value || !value->constant()) return value;
  return each_step([number = (*value)[0]](size_t) { return number; });
}

Result<Scalar> Evaluator::scalar_at_steps(const Node& node) {
  switch (node.kind) {
    case NodeKind::kNumber:
      return Scalar(static_cast<const NumberNode&>(node).value);
    case NodeKind::kParen:
      return scalar(*static_cast<const ParenNode&>(node).inner);
    case NodeKind::kUnary: {
      const auto& unary = static_cast<const UnaryNode&>(node);
      auto values = scalar(*unary.operand);
      if (values && unary.negative) values->change([](double value) { return -value; });
      return values;
    }
    case NodeKind::kBinary:
      return scalar_chain(static_cast<const BinaryNode&>(node));
    case NodeKind::kCall:
      return scalar_call(static_cast<const CallNode&>(node));
    default:
      return Error::internal("BUG: scalar of a node that is none");
  }
}

Result<Scalar> Evaluator::scalar_chain(const BinaryNode& top) {
  const auto operators = left_chain(top);
  auto at = std::find_if(operators.begin(), operators.end(), [&](const BinaryNode* node) { return at_each_step(*node); });
  auto left = scalar(*(*at)->left);
  for (; left && at != operators.end(); ++at) {
    if (auto go_on = context_.check(); !go_on) return std::move(go_on).error();
    auto right = scalar(*(*at)->right);
    if (!right) return right;
    const Token op = (*at)->op;
    left = Scalar::of_both(std::move(*left), std::move(*right), [op](double a, double b) {
      return is_comparison(op) ? (compares(op, a, b) ? 1.0 : 0.0) : calculate(op, a, b);
    });
  }
  return left;
}

Result<Vector> Evaluator::vector(const Node& node) {
  if (auto go_on = context_.check(); !go_on) return std::move(go_on).error();
  const Node& inner = unwrap(node);
  if (inner.shared != 0) return shared_vector(inner);
  ExplainScope scope(context_, inner, steps_, !at_each_step(inner));
  auto result = at_each_step(inner) ? vector_at_steps(inner) : vector_once(inner);
  if (result) scope.made(result->series.size());
  return result;
}

Result<Vector> Evaluator::vector_once(const Node& node) {
  const NestedCounts counts(context_, NestedCounts::Into::kEachStep);
  auto once = Evaluator(context_, {grid_.start_ns, grid_.start_ns, grid_.step_ns}).vector_at_steps(node);
  if (!once) return once;
  std::erase_if(once->series, [](const Series& series) { return series.empty(); });
  uint64_t samples = once->series.size() * steps_;
  for (const Series& series : once->series) samples += samples_of(series.histograms);
  auto held = context_.hold(samples);  // before they are there
  once->held = Held(&context_, samples);
  if (!held) return std::move(held).error();
  for (Series& series : once->series) {
    series.values.assign(steps_, double{series.values.front()});
    if (!series.histograms.empty()) series.histograms.assign(steps_, HistogramRef(series.histograms.front()));
  }
  return once;
}

Result<Vector> Evaluator::vector_at_steps(const Node& node) {
  switch (node.kind) {
    case NodeKind::kVectorSelector:
      return instant(static_cast<const VectorSelector&>(node), false);
    case NodeKind::kParen:
      return vector(*static_cast<const ParenNode&>(node).inner);
    case NodeKind::kUnary: {
      const auto& unary = static_cast<const UnaryNode&>(node);
      auto result = vector(*unary.operand);
      if (!result || !unary.negative) return result;
      for (Series& series : result->series) {
        series.drop_name = true;
        for (double& value : series.values)
          if (is_present(value)) value = -value;
        change_histograms(series.histograms, [](FloatHistogram& histogram) { multiply(histogram, -1); });
      }
      return named(std::move(*result));
    }
    case NodeKind::kBinary:
      return vector_chain(static_cast<const BinaryNode&>(node));
    case NodeKind::kAggregation:
      return aggregate(static_cast<const AggregationNode&>(node));
    case NodeKind::kCall: {
      auto result = call(static_cast<const CallNode&>(node));
      return result ? named(std::move(*result)) : std::move(result);
    }
    default:
      return Error::internal("BUG: vector of a node that is none");
  }
}

Vector Evaluator::single(Scalar values) {
  Vector out;
  out.series.push_back({Labels{}, false, values.take_values()});
  out.held = values.take_held();
  return out;
}

Result<Vector> Evaluator::finish(Vector result) {
  for (Series& series : result.series) series.trim();
  const uint64_t samples = samples_of(result.series);
  auto held = context_.hold(samples);
  result.held = Held(&context_, samples);
  if (!held) return std::move(held).error();
  return result;
}

Result<Vector> Evaluator::named(Vector result) {
  if (!context_.delayed_name_removal) {
    if (auto dropped = drop_names(result.series); !dropped) return std::move(dropped).error();
  }
  return result;
}

Result<void> merge_equal(std::vector<Series>& series, std::string_view what) {
  if (series.size() < 2) return {};
  LabelIndex index(nullptr, series.size());
  size_t kept = 0;
  for (size_t i = 0; i < series.size(); ++i) {
    const auto [number, is_new] = index.add(series[i].labels);
    if (is_new) {
      if (kept != i) series[kept] = std::move(series[i]);
      ++kept;
      continue;
    }
    Series& into = series[number];
    into.drop_name = into.drop_name || series[i].drop_name;
    const Series& other = series[i];
    for (size_t step = other.first; step < other.past(); ++step) {
      if (!other.present_at(step)) continue;
      if (into.present_at(step)) return Error(TARSIER_UNSUPPORTED, std::string(what));
      if (other.histogram_at(step) != nullptr) {
        into.set(step, other.histogram_of(step));
      } else {
        into.set(step, other.at(step));
      }
    }
  }
  series.resize(kept);
  return {};
}

Result<void> drop_names(std::vector<Series>& series) {
  static constexpr std::array<std::string_view, 3> kMetadata = {"__name__", "__type__", "__unit__"};
  bool any = false;
  for (Series& one : series) {
    if (!one.drop_name) continue;
    one.drop_name = false;
    const bool has =
        std::any_of(kMetadata.begin(), kMetadata.end(), [&](auto name) { return one.labels.find(name) < one.labels.size(); });
    if (!has) continue;
    any = true;
    LabelsBuilder builder(one.labels);
    for (const auto name : kMetadata) builder.remove(name);
    one.labels = builder.build();
  }
  return any ? merge_equal(series, kSameLabels) : Result<void>{};
}

}  // namespace tarsier::promql
