// Functions that turn a native histogram into one number: histogram_count(), _sum(), _avg(), _stddev(), _stdvar().
#include <cmath>

#include "plugins/query/promql/exec/evaluator.hpp"
#include "plugins/query/promql/histogram/estimate.hpp"

namespace tarsier::promql {
namespace {

using Measure = double (*)(const FloatHistogram&);

Measure measure_of(FunctionId id) {
  switch (id) {
    case FunctionId::kHistogramCount:
      return [](const FloatHistogram& histogram) { return histogram.count; };
    case FunctionId::kHistogramSum:
      return [](const FloatHistogram& histogram) { return histogram.sum; };
    case FunctionId::kHistogramAvg:
      return [](const FloatHistogram& histogram) { return histogram.sum / histogram.count; };
    case FunctionId::kHistogramStddev:
      return [](const FloatHistogram& histogram) { return std::sqrt(histogram_variance(histogram)); };
    case FunctionId::kHistogramStdvar:
      return histogram_variance;
    default:
      bug("measure_of: not a measure of a histogram");
  }
}

}  // namespace

Result<Vector> Evaluator::native_call(const CallNode& node) {
  auto result = vector(*node.arguments[0]);
  if (!result) return result;
  const Measure measure = measure_of(node.function->id);
  std::erase_if(result->series, [](const Series& series) { return series.histograms.empty(); });
  for (Series& series : result->series) {
    series.drop_name = true;
    for (size_t i = 0; i < series.values.size(); ++i) {
      const FloatHistogram* const histogram = series.histograms[i].get();
      series.values[i] = histogram != nullptr ? measure(*histogram) : kNothing;
    }
    series.histograms.clear();
  }
  return result;
}

}  // namespace tarsier::promql
