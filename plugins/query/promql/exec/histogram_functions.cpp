// histogram_quantile() and histogram_fraction() over classic histograms.
#include <charconv>
#include <cmath>
#include <optional>

#include "plugins/lib/promql/text.hpp"
#include "plugins/query/promql/exec/classic_histogram.hpp"
#include "plugins/query/promql/exec/evaluator.hpp"

namespace tarsier::promql {
namespace {

struct Histogram {
  Labels labels;
  bool drop_name = false;
  std::vector<std::pair<double, const Column*>> buckets;  // upper bound and counts
};

}  // namespace

Result<Vector> Evaluator::histogram_call(const CallNode& node) {
  const bool is_quantile = node.function->id == FunctionId::kHistogramQuantile;
  auto first = scalar(*node.arguments[0]);
  if (!first) return std::move(first).error();
  Result<Column> second = Column();
  if (!is_quantile) second = scalar(*node.arguments[1]);
  if (!second) return std::move(second).error();
  const Node& operand = *node.arguments.back();
  auto input = vector(operand);
  if (!input) return input;
  if (is_quantile) {
    for (const double q : *first)
      if (std::isnan(q) || q < 0 || q > 1) check_quantile(q, *node.arguments[0]);
  }

  const Signature without_le{false, {"le"}};
  std::vector<Histogram> histograms;
  LabelIndex index(nullptr, input->series.size());
  for (const Series& series : input->series) {
    const std::string_view le = series.labels.get("le");
    const auto upper = read_number(le);
    if (!upper) {
      context_.warn("bucket label \"le\" is missing or has a malformed value of " + quote(le) + " for metric name " +
                        quote(series.labels.get(kMetricName)),
                    operand.position);
      continue;
    }
    LabelsBuilder builder(series.labels);
    builder.remove("le");
    const Labels labels = builder.build();
    const auto [number, is_new] = index.add(labels);
    if (is_new) histograms.push_back({labels, true, {}});
    histograms[number].buckets.emplace_back(*upper, &series.values);
  }

  Vector out;
  std::vector<Bucket> buckets;
  for (const Histogram& histogram : histograms) {
    Series made{histogram.labels, histogram.drop_name, Column(steps_, kNothing)};
    bool any = false;
    for (size_t step = 0; step < steps_; ++step) {
      buckets.clear();
      for (const auto& [upper, counts] : histogram.buckets)
        if (is_present((*counts)[step])) buckets.push_back({upper, (*counts)[step]});
      if (buckets.empty()) continue;
      any = true;
      if (!is_quantile) {
        made.values[step] = bucket_fraction((*first)[step], (*second)[step], buckets);
        continue;
      }
      const BucketQuantile result = bucket_quantile((*first)[step], buckets);
      made.values[step] = result.value;
      if (result.forced)
        context_.inform(
            "input to histogram_quantile needed to be fixed for monotonicity (see "
            "https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile) for metric name " +
                quote(histogram.labels.get(kMetricName)),
            operand.position);
    }
    if (any) out.series.push_back(std::move(made));
  }
  return finish(std::move(out));
}

}  // namespace tarsier::promql
