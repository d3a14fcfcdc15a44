// The arithmetic of the range functions.
#include <algorithm>
#include <cmath>
#include <limits>

#include "plugins/query/promql/exec/extrapolation.hpp"
#include "plugins/query/promql/exec/numeric.hpp"
#include "plugins/query/promql/exec/window.hpp"
#include "plugins/query/promql/exec/window_layout.hpp"

namespace tarsier::promql {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

double seconds(int64_t ns) { return static_cast<double>(ns) / 1e9; }

double lost_at_resets(const Window& w) {
  double lost = 0;
  for (size_t i = 1; i < w.count; ++i) {
    if (w.summaries != nullptr) {
      lost += w.summaries->drops[i];
    } else if (w.values[i] < w.values[i - 1]) {
      lost += w.values[i - 1];
    }
  }
  return lost;
}

/// Of a change that must not be followed to below zero; other changes are a multiplication by what the layout knows.
template <bool kRate>
double extrapolated_to_zero(const Window& w, double change) {
  const Reach reach(w);
  const double factor = reach.factor(reach.before_of_counter(w.values[0], change));
  return change * (kRate ? factor / reach.range() : factor);
}

template <bool kCounter, bool kRate>
void extrapolated(WindowLayout& layout, const double* values, bool rising, size_t from, size_t past, double* out) {
  const auto extrapolations = layout.extrapolations();
  for (size_t step = from; step < past; ++step) {
    if (layout.count(step) < 2) {
      out[step] = kNothing;
      continue;
    }
    const WindowLayout::Extrapolation& known = extrapolations[step];
    const double first = values[layout.first(step)];
    double change = values[layout.last(step)] - first;
    if (kCounter && !rising) change += lost_at_resets(layout.at(step, values, rising));
    if (kCounter && first >= 0 && first < known.zero_ratio * change) {
      out[step] = extrapolated_to_zero<kRate>(layout.at(step, values, rising), change);
    } else {
      out[step] = change * (kRate ? known.rate : known.increase);
    }
  }
}

template <bool kCounter, bool kRate>
double extrapolated(const Window& w, const StepArguments&) {
  if (w.count < 2) return kNothing;
  double change = w.values[w.count - 1] - w.values[0];
  if (kCounter && !w.rising) change += lost_at_resets(w);
  if (kCounter) return extrapolated_to_zero<kRate>(w, change);
  const Reach reach(w);
  const double factor = reach.factor(reach.before());
  return change * (kRate ? factor / reach.range() : factor);
}

template <bool kRate>
double instant_change(const Window& w, const StepArguments&) {
  if (w.count < 2) return kNothing;
  const double last = w.values[w.count - 1];
  const double previous = w.values[w.count - 2];
  if constexpr (!kRate) return last - previous;
  const int64_t gap_ns = w.times[w.count - 1] - w.times[w.count - 2];
  if (gap_ns == 0) return kNothing;
  return (last < previous ? last : last - previous) / seconds(gap_ns);
}

double resets(const Window& w, const StepArguments&) {
  if (w.rising) return 0;
  size_t count = 0;
  for (size_t i = 1; i < w.count; ++i) count += w.values[i] < w.values[i - 1] ? 1 : 0;
  return static_cast<double>(count);
}

double changes(const Window& w, const StepArguments&) {
  size_t count = 0;
  for (size_t i = 1; i < w.count; ++i) {
    const double a = w.values[i - 1];
    const double b = w.values[i];
    if (a != b && !(std::isnan(a) && std::isnan(b))) ++count;
  }
  return static_cast<double>(count);
}

struct Line {
  double slope;
  double intercept;
};

/// Least squares; times count from `origin_ns`.
Line fit(const Window& w, int64_t origin_ns) {
  KahanSum x_sum, y_sum, xy_sum, xx_sum;
  const double first = w.values[0];
  bool constant = true;
  for (size_t i = 0; i < w.count; ++i) {
    const double y = w.values[i];
    constant = constant && (i == 0 || y == first);
    const double x = seconds(w.times[i] - origin_ns);
    x_sum.add(x);
    y_sum.add(y);
    xy_sum.add(x * y);
    xx_sum.add(x * x);
  }
  if (constant) return std::isinf(first) ? Line{kNaN, kNaN} : Line{0, first};
  const auto n = static_cast<double>(w.count);
  const double x = x_sum.sum + x_sum.c;
  const double y = y_sum.sum + y_sum.c;
  const double covariance = (xy_sum.sum + xy_sum.c) - x * y / n;
  const double variance = (xx_sum.sum + xx_sum.c) - x * x / n;
  const double slope = covariance / variance;
  return {slope, y / n - slope * x / n};
}

double deriv(const Window& w, const StepArguments&) { return w.count < 2 ? kNothing : fit(w, w.times[0]).slope; }

double predict_linear(const Window& w, const StepArguments& arguments) {
  if (w.count < 2) return kNothing;
  const Line line = fit(w, w.now_ns);
  return line.slope * arguments.first + line.intercept;
}

double smooth_exponentially(const Window& w, const StepArguments& arguments) {
  if (w.count < 2) return kNothing;
  const double level_factor = arguments.first;
  const double trend_factor = arguments.second;
  double before = 0;
  double level = w.values[0];
  double trend = w.values[1] - w.values[0];
  for (size_t i = 1; i < w.count; ++i) {
    if (i > 1) trend = trend_factor * (level - before) + (1 - trend_factor) * trend;
    const double next = level_factor * w.values[i] + (1 - level_factor) * (level + trend);
    before = level;
    level = next;
  }
  return level;
}

double average(const Window& w, const StepArguments&) {
  Mean mean;
  for (size_t i = 0; i < w.count; ++i) mean.add(w.values[i]);
  return mean.value();
}

double sum(const Window& w, const StepArguments&) {
  KahanSum total;
  for (size_t i = 0; i < w.count; ++i) total.add(w.values[i]);
  return total.value();
}

template <bool kLargest>
double extreme(const Window& w, const StepArguments&) {
  double found = w.values[0];
  for (size_t i = 1; i < w.count; ++i)
    if ((kLargest ? w.values[i] > found : w.values[i] < found) || std::isnan(found)) found = w.values[i];
  return found;
}

template <bool kLargest>
double time_of_extreme(const Window& w, const StepArguments&) {
  size_t found = 0;
  for (size_t i = 1; i < w.count; ++i) {
    const double best = w.values[found];
    if ((kLargest ? w.values[i] >= best : w.values[i] <= best) || std::isnan(best)) found = i;
  }
  return seconds(w.times[found]);
}

double count(const Window& w, const StepArguments&) { return static_cast<double>(w.count); }
double last(const Window& w, const StepArguments&) { return w.values[w.count - 1]; }
double first(const Window& w, const StepArguments&) { return w.values[0]; }
double present(const Window&, const StepArguments&) { return 1; }
double time_of_last(const Window& w, const StepArguments&) { return seconds(w.times[w.count - 1]); }
double time_of_first(const Window& w, const StepArguments&) { return seconds(w.times[0]); }

double quantile_of_window(const Window& w, const StepArguments& arguments) {
  arguments.scratch->assign(w.values, w.values + w.count);
  return quantile(arguments.first, *arguments.scratch);
}

double median_deviation(const Window& w, const StepArguments& arguments) {
  if (std::any_of(w.values, w.values + w.count, [](double value) { return std::isnan(value); })) return kNaN;
  arguments.scratch->assign(w.values, w.values + w.count);
  const double median = quantile(0.5, *arguments.scratch);
  for (double& value : *arguments.scratch) value = std::fabs(value - median);
  return quantile(0.5, *arguments.scratch);
}

template <bool kRoot>
double variance(const Window& w, const StepArguments&) {
  KahanSum mean, squares;
  for (size_t i = 0; i < w.count; ++i) {
    const double delta = w.values[i] - (mean.sum + mean.c);
    mean.add(delta / static_cast<double>(i + 1));
    squares.add(delta * (w.values[i] - (mean.sum + mean.c)));
  }
  const double result = (squares.sum + squares.c) / static_cast<double>(w.count);
  return kRoot ? std::sqrt(result) : result;
}

}  // namespace

WindowKernel kernel_of(FunctionId id) {
  switch (id) {
    case FunctionId::kRate:
      return {.function = extrapolated<true, true>, .many = extrapolated<true, true>, .counter = true};
    case FunctionId::kIncrease:
      return {.function = extrapolated<true, false>, .many = extrapolated<true, false>, .counter = true};
    case FunctionId::kDelta:
      return {.function = extrapolated<false, false>, .many = extrapolated<false, false>};
    case FunctionId::kIrate:
      return {instant_change<true>};
    case FunctionId::kIdelta:
      return {instant_change<false>};
    case FunctionId::kResets:
      return {.function = resets, .counter = true};
    case FunctionId::kChanges:
      return {changes};
    case FunctionId::kDeriv:
      return {deriv};
    case FunctionId::kPredictLinear:
      return {predict_linear};
    case FunctionId::kDoubleExponentialSmoothing:
      return {smooth_exponentially};
    case FunctionId::kAvgOverTime:
      return {average};
    case FunctionId::kMinOverTime:
      return {extreme<false>};
    case FunctionId::kMaxOverTime:
      return {extreme<true>};
    case FunctionId::kSumOverTime:
      return {sum};
    case FunctionId::kCountOverTime:
      return {count};
    case FunctionId::kQuantileOverTime:
      return {quantile_of_window};
    case FunctionId::kStddevOverTime:
      return {variance<true>};
    case FunctionId::kStdvarOverTime:
      return {variance<false>};
    case FunctionId::kLastOverTime:
      return {.function = last, .keeps_name = true};
    case FunctionId::kFirstOverTime:
      return {.function = first, .keeps_name = true};
    case FunctionId::kPresentOverTime:
    case FunctionId::kAbsentOverTime:
      return {present};
    case FunctionId::kMadOverTime:
      return {median_deviation};
    case FunctionId::kTsOfMinOverTime:
      return {time_of_extreme<false>};
    case FunctionId::kTsOfMaxOverTime:
      return {time_of_extreme<true>};
    case FunctionId::kTsOfLastOverTime:
      return {time_of_last};
    case FunctionId::kTsOfFirstOverTime:
      return {time_of_first};
    default:
      bug("kernel_of: not a range function");
  }
}

}  // namespace tarsier::promql
