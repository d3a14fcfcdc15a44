// The arithmetic of the range functions over summaries.
#include <cmath>

#include "plugins/query/promql/exec/numeric.hpp"
#include "plugins/query/promql/exec/summaries.hpp"

namespace tarsier::promql {
namespace {

/// None where the window has no more than the first sample of a series, which counts in the summary after it.
double count(const Window& w, const StepArguments&) {
  double total = 0;
  for (size_t i = 0; i < w.count; ++i) total += w.summaries->counts[i];
  return total == 0 ? kNothing : total;
}

double sum(const Window& w, const StepArguments& arguments) {
  if (is_absent(count(w, arguments))) return kNothing;
  KahanSum total;
  for (size_t i = 0; i < w.count; ++i) total.add(w.summaries->sums[i]);
  return total.value();
}

double average(const Window& w, const StepArguments& arguments) {
  const double numbers = count(w, arguments);
  return is_absent(numbers) ? kNothing : sum(w, arguments) / numbers;
}

template <bool kLargest>
double extreme(const Window& w, const StepArguments&) {
  const double* values = kLargest ? w.summaries->maxs : w.summaries->mins;
  double found = values[0];
  for (size_t i = 1; i < w.count; ++i)
    if ((kLargest ? values[i] > found : values[i] < found) || std::isnan(found)) found = values[i];
  return found;
}

double instant_rate(const Window& w, const StepArguments&) {
  if (w.count < 2) return kNothing;
  const size_t last = w.count - 1;
  const int64_t gap_ns = w.times[last] - w.times[last - 1];
  return (w.values[last] - w.values[last - 1] + w.summaries->drops[last]) / (static_cast<double>(gap_ns) / 1e9);
}

double resets(const Window& w, const StepArguments&) {
  double total = 0;
  for (size_t i = 1; i < w.count; ++i) total += w.summaries->drops[i] > 0 ? 1 : 0;
  return total;
}

double changes(const Window& w, const StepArguments&) {
  const auto same = [](double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); };
  double total = 0;
  for (size_t i = 1; i < w.count; ++i) {
    const bool still = same(w.summaries->mins[i], w.summaries->maxs[i]) && same(w.values[i], w.values[i - 1]);
    total += still ? 0 : 1;
  }
  return total;
}

constexpr const char* kLastValues = "is answered from the last values of summaries";
constexpr const char* kOnceEach = "counts once at most in each of the summaries";

}  // namespace

SummaryKernel summary_kernel_of(FunctionId id, const WindowKernel& plain) {
  switch (id) {
    case FunctionId::kRate:
    case FunctionId::kIncrease:
    case FunctionId::kDelta:
      return {plain.function, true};
    case FunctionId::kIrate:
      return {instant_rate, true};
    case FunctionId::kResets:
      return {resets, true, kOnceEach};
    case FunctionId::kChanges:
      return {changes, true, kOnceEach};
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
    case FunctionId::kLastOverTime:
    case FunctionId::kPresentOverTime:
    case FunctionId::kAbsentOverTime:
    case FunctionId::kTsOfLastOverTime:
      return {plain.function};
    case FunctionId::kIdelta:
    case FunctionId::kDeriv:
    case FunctionId::kPredictLinear:
    case FunctionId::kDoubleExponentialSmoothing:
      return {plain.function, true, kLastValues};
    default:
      return {plain.function, false, kLastValues};
  }
}

}  // namespace tarsier::promql
