// Functions of instant vectors and of nothing: mathematics, dates, shape.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "plugins/query/promql/exec/calendar.hpp"
#include "plugins/query/promql/exec/evaluator.hpp"
#include "plugins/query/promql/exec/natural_order.hpp"
#include "plugins/query/promql/exec/numeric.hpp"
#include "plugins/query/promql/exec/sweep.hpp"

namespace tarsier::promql {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

double sign(double v) { return v < 0 ? -1 : v > 0 ? 1 : v; }
double to_degrees(double v) { return v * 180 / std::numbers::pi; }
double to_radians(double v) { return v * std::numbers::pi / 180; }

using Elementwise = double (*)(double);

Elementwise elementwise(FunctionId id) {
  switch (id) {
    case FunctionId::kAbs:
      return [](double v) { return std::fabs(v); };
    case FunctionId::kCeil:
      return [](double v) { return std::ceil(v); };
    case FunctionId::kFloor:
      return [](double v) { return std::floor(v); };
    case FunctionId::kExp:
      return [](double v) { return std::exp(v); };
    case FunctionId::kSqrt:
      return [](double v) { return std::sqrt(v); };
    case FunctionId::kLn:
      return [](double v) { return std::log(v); };
    case FunctionId::kLog2:
      return [](double v) { return std::log2(v); };
    case FunctionId::kLog10:
      return [](double v) { return std::log10(v); };
    case FunctionId::kSgn:
      return sign;
    case FunctionId::kDeg:
      return to_degrees;
    case FunctionId::kRad:
      return to_radians;
    case FunctionId::kSin:
      return [](double v) { return std::sin(v); };
    case FunctionId::kCos:
      return [](double v) { return std::cos(v); };
    case FunctionId::kTan:
      return [](double v) { return std::tan(v); };
    case FunctionId::kAsin:
      return [](double v) { return std::asin(v); };
    case FunctionId::kAcos:
      return [](double v) { return std::acos(v); };
    case FunctionId::kAtan:
      return [](double v) { return std::atan(v); };
    case FunctionId::kSinh:
      return [](double v) { return std::sinh(v); };
    case FunctionId::kCosh:
      return [](double v) { return std::cosh(v); };
    case FunctionId::kTanh:
      return [](double v) { return std::tanh(v); };
    case FunctionId::kAsinh:
      return [](double v) { return std::asinh(v); };
    case FunctionId::kAcosh:
      return [](double v) { return std::acosh(v); };
    case FunctionId::kAtanh:
      return [](double v) { return std::atanh(v); };
    default:
      return nullptr;
  }
}

}  // namespace

Result<Scalar> Evaluator::scalar_call(const CallNode& node) {
  switch (node.function->id) {
    case FunctionId::kPi:
      return Scalar(std::numbers::pi);
    case FunctionId::kTime:
      return each_step([&](size_t step) { return seconds_of(grid_.time(step)); });
    case FunctionId::kStart:
      return Scalar(seconds_of(context_.start_ns));
    case FunctionId::kEnd:
      return Scalar(seconds_of(context_.end_ns));
    case FunctionId::kStep:
      return Scalar(static_cast<double>(context_.step_ns) / 1e9);
    case FunctionId::kRange:
      return Scalar(static_cast<double>(distance(context_.start_ns, context_.end_ns)) / 1e9);
    case FunctionId::kMinOf:
    case FunctionId::kMaxOf: {
      const bool least = node.function->id == FunctionId::kMinOf;
      auto left = scalar(*node.arguments[0]);
      if (!left) return left;
      auto right = scalar(*node.arguments[1]);
      if (!right) return right;
      return Scalar::of_both(std::move(*left), std::move(*right),
                             [least](double a, double b) { return least ? lesser_of(a, b) : greater_of(a, b); });
    }
    default:
      break;
  }
  auto inner = vector(*node.arguments[0]);  // scalar(v)
  if (!inner) return std::move(inner).error();
  Sweep sweep(inner->series);
  return each_step([&](size_t step) {
    size_t found = 0;
    double only = kNaN;
    for (const uint32_t i : sweep.at(step))
      if (const double value = inner->series[i].at(step); is_present(value)) only = ++found == 1 ? value : kNaN;
    return only;
  });
}

Result<Vector> Evaluator::call(const CallNode& node) {
  const FunctionId id = node.function->id;
  if (is_range_function(id)) return range_call(node);
  if (elementwise(id) != nullptr || id == FunctionId::kRound) return math(node);
  switch (id) {
    case FunctionId::kClamp:
    case FunctionId::kClampMin:
    case FunctionId::kClampMax:
      return clamp(node);
    case FunctionId::kTimestamp:
      return timestamp(node);
    case FunctionId::kStartTimestamp:
      return start_timestamp(node);
    case FunctionId::kLabelReplace:
      return label_replace(node);
    case FunctionId::kLabelJoin:
      return label_join(node);
    case FunctionId::kInfo:
      return info(node);
    case FunctionId::kAbsent:
      return absent(node);
    case FunctionId::kSort:
    case FunctionId::kSortDesc:
      return sort(node);
    case FunctionId::kSortByLabel:
    case FunctionId::kSortByLabelDesc:
      return sort_by_label(node);
    case FunctionId::kHistogramQuantile:
    case FunctionId::kHistogramQuantiles:
    case FunctionId::kHistogramFraction:
      return histogram_call(node);
    case FunctionId::kHistogramCount:
    case FunctionId::kHistogramSum:
    case FunctionId::kHistogramAvg:
    case FunctionId::kHistogramStddev:
    case FunctionId::kHistogramStdvar:
      return native_call(node);
    case FunctionId::kVector: {
      auto values = spread_scalar(*node.arguments[0]);
      if (!values) return std::move(values).error();
      return single(std::move(*values));
    }
    default:
      return dates(node);
  }
}

Result<Vector> Evaluator::math(const CallNode& node) {
  auto result = vector(*node.arguments[0]);
  if (!result) return result;
  if (node.function->id == FunctionId::kRound) {
    Result<Scalar> nearest = Scalar(1.0);
    if (node.arguments.size() > 1) nearest = scalar(*node.arguments[1]);
    if (!nearest) return std::move(nearest).error();
    for (Series& series : result->series) {
      series.drop_name = true;
      series.histograms.clear();
      for (size_t i = 0; i < series.values.size(); ++i) {
        const double inverse = 1.0 / (*nearest)[series.first + i];
        if (is_present(series.values[i])) series.values[i] = std::floor(series.values[i] * inverse + 0.5) / inverse;
      }
    }
    return result;
  }
  const Elementwise function = elementwise(node.function->id);
  for (Series& series : result->series) {
    series.drop_name = true;
    series.histograms.clear();
    for (double& value : series.values)
      if (is_present(value)) value = function(value);
  }
  return result;
}

Result<Vector> Evaluator::clamp(const CallNode& node) {
  auto result = vector(*node.arguments[0]);
  if (!result) return result;
  const FunctionId id = node.function->id;
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  Result<Scalar> least = Scalar(-kInfinity);
  Result<Scalar> most = Scalar(kInfinity);
  if (id != FunctionId::kClampMax) least = scalar(*node.arguments[1]);
  if (id != FunctionId::kClampMin) most = scalar(*node.arguments.back());
  if (!least) return std::move(least).error();
  if (!most) return std::move(most).error();
  for (Series& series : result->series) {
    series.drop_name = true;
    series.histograms.clear();
    for (size_t i = 0; i < series.values.size(); ++i) {
      double& value = series.values[i];
      const double low = (*least)[series.first + i];
      const double high = (*most)[series.first + i];
      if (is_absent(value)) continue;
      if (high < low) {
        value = kNothing;
      } else {
        value = greater_of(low, lesser_of(high, value));
      }
    }
  }
  return result;
}

Result<Vector> Evaluator::dates(const CallNode& node) {
  Vector result;
  if (node.arguments.empty()) {
    auto now = each_step([&](size_t step) { return seconds_of(grid_.time(step)); });
    if (!now) return std::move(now).error();
    result = single(std::move(*now));
  } else {
    auto argument = vector(*node.arguments[0]);
    if (!argument) return argument;
    result = std::move(*argument);
  }
  for (Series& series : result.series) {
    series.drop_name = true;
    series.histograms.clear();
    for (double& value : series.values)
      if (is_present(value)) value = calendar_field(node.function->id, value);
  }
  return result;
}

Result<Vector> Evaluator::timestamp(const CallNode& node) {
  const Node& argument = unwrap(*node.arguments[0]);
  Result<Vector> result = Vector{};
  if (argument.kind == NodeKind::kVectorSelector) {
    result = instant(static_cast<const VectorSelector&>(argument), true);
    if (!result) return result;
  } else {
    result = vector(argument);
    if (!result) return result;
    for (Series& series : result->series) {
      for (size_t step = series.first; step < series.past(); ++step)
        if (series.present_at(step)) series.set(step, seconds_of(grid_.time(step)));
      series.histograms.clear();
    }
  }
  for (Series& series : result->series) series.drop_name = true;
  return result;
}

/// Known for samples as they are stored, and where start timestamps are looked at, only.
Result<Vector> Evaluator::start_timestamp(const CallNode& node) {
  const Node& argument = unwrap(*node.arguments[0]);
  if (!context_.start_timestamps || argument.kind != NodeKind::kVectorSelector) return Vector{};
  auto result = start_timestamps(static_cast<const VectorSelector&>(argument));
  if (!result) return result;
  for (Series& series : result->series) series.drop_name = true;
  return result;
}

Result<Vector> Evaluator::sort(const CallNode& node) {
  auto result = vector(*node.arguments[0]);
  if (!context_.instant())
    context_.warn("sort is ineffective for range queries since results are always ordered by labels", node.position);
  if (!result || !context_.instant()) return result;
  const bool descending = node.function->id == FunctionId::kSortDesc;
  for (Series& series : result->series) series.histograms.clear();
  std::erase_if(result->series, [](const Series& series) { return is_absent(series.at(0)); });
  std::stable_sort(result->series.begin(), result->series.end(), [&](const Series& a, const Series& b) {
    const double left = a.at(0);
    const double right = b.at(0);
    if (std::isnan(left)) return false;
    if (std::isnan(right)) return true;
    return descending ? left > right : left < right;
  });
  return result;
}

Result<Vector> Evaluator::sort_by_label(const CallNode& node) {
  auto result = vector(*node.arguments[0]);
  if (!context_.instant())
    context_.warn("sort is ineffective for range queries since results are always ordered by labels", node.position);
  if (!result || !context_.instant()) return result;
  const bool descending = node.function->id == FunctionId::kSortByLabelDesc;
  std::vector<std::string> names;
  for (size_t i = 1; i < node.arguments.size(); ++i)
    names.push_back(static_cast<const StringNode&>(unwrap(*node.arguments[i])).value);
  std::stable_sort(result->series.begin(), result->series.end(), [&](const Series& a, const Series& b) {
    for (const std::string& name : names) {
      const std::string_view left = a.labels.get(name);
      const std::string_view right = b.labels.get(name);
      if (left != right) return natural_less(left, right) != descending;
    }
    return descending ? b.labels < a.labels : a.labels < b.labels;
  });
  return result;
}

}  // namespace tarsier::promql
