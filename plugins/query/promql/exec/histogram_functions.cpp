// histogram_quantile(), histogram_quantiles() and histogram_fraction(), over classic histograms, whose buckets are series, and over
// native ones.
#include <algorithm>
#include <cmath>
#include <map>

#include "plugins/lib/promql/number.hpp"
#include "plugins/lib/promql/text.hpp"
#include "plugins/query/promql/exec/classic_histogram.hpp"
#include "plugins/query/promql/exec/evaluator.hpp"
#include "plugins/query/promql/histogram/estimate.hpp"
#include "plugins/query/promql/histogram/text.hpp"

namespace tarsier::promql {
namespace {

/// The input of one result.
struct Histogram {
  Labels labels;
  std::vector<std::pair<double, const Series*>> buckets;  // of a classic one: upper bound and counts
  const Series* native = nullptr;
};

/// What is asked of every histogram.
struct Question {
  bool fraction = false;           // between two bounds; otherwise a quantile
  Column first, second;            // not asked where `first` is absent
  std::string label, label_value;  // told apart by it; "": by nothing
};

class HistogramCall {
 public:
  HistogramCall(QueryContext& context, const Node& operand, size_t steps)
      : context_(context), position_(operand.position), steps_(steps) {}

  void gather(const std::vector<Series>& input) {
    LabelIndex index(nullptr, input.size());
    for (const Series& series : input) {
      if (!series.histograms.empty()) group(index, series.labels).native = &series;
      if (std::all_of(series.values.begin(), series.values.end(), is_absent)) continue;
      const std::string_view le = series.labels.get("le");
      const auto upper = read_float(le);
      if (!upper) {
        context_.warn("bucket label \"le\" is missing or has a malformed value of " + quote(le) + name_of(series.labels),
                      position_);
        continue;
      }
      LabelsBuilder builder(series.labels);
      builder.remove("le");
      group(index, builder.build()).buckets.emplace_back(*upper, &series);
    }
  }

  void answer(const Question& question, std::vector<Series>& out) {
    for (const Histogram& histogram : histograms_) {
      Series made{histogram.labels, true, Column(steps_, kNothing)};
      bool any = false;
      for (size_t step = 0; step < steps_; ++step) {
        made.values[step] = at(question, histogram, step);
        any = any || is_present(made.values[step]);
      }
      if (!any) continue;
      if (!question.label.empty()) {
        LabelsBuilder builder(made.labels);
        builder.set(question.label, question.label_value);
        made.labels = builder.build();
      }
      out.push_back(std::move(made));
    }
  }

 private:
  Histogram& group(LabelIndex& index, const Labels& labels) {
    const auto [number, is_new] = index.add(labels);
    if (is_new) histograms_.push_back({labels, {}});
    return histograms_[number];
  }

  double at(const Question& question, const Histogram& histogram, size_t step) {
    if (is_absent(question.first[step])) return kNothing;
    const FloatHistogram* const native = histogram.native != nullptr ? histogram.native->histogram_at(step) : nullptr;
    buckets_.clear();
    for (const auto& [upper, counts] : histogram.buckets)
      if (is_present(counts->values[step])) buckets_.push_back({upper, counts->values[step]});
    if (native == nullptr) return buckets_.empty() ? kNothing : classic(question, histogram.labels, step);
    if (buckets_.empty()) return of_native(question, histogram.labels, *native, step);
    context_.warn("vector contains a mix of classic and native histograms" + name_of(histogram.labels), position_);
    return kNothing;
  }

  double classic(const Question& question, const Labels& labels, size_t step) {
    if (question.fraction) return bucket_fraction(question.first[step], question.second[step], buckets_);
    const BucketQuantile result = bucket_quantile(question.first[step], buckets_);
    if (result.forced)
      context_.inform(
          "input to histogram_quantile needed to be fixed for monotonicity (see "
          "https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile)" +
              name_of(labels),
          position_);
    return result.value;
  }

  double of_native(const Question& question, const Labels& labels, const FloatHistogram& native, size_t step) {
    const Estimate estimate = question.fraction ? histogram_fraction(question.first[step], question.second[step], native)
                                                : histogram_quantile(question.first[step], native);
    const char* note = nullptr;
    if (estimate.note == NaNNote::kResultIsNaN) note = "input to histogram_quantile has NaN observations, result is NaN";
    if (estimate.note == NaNNote::kSkewed) note = "input to histogram_quantile has NaN observations, result is skewed higher";
    if (estimate.note == NaNNote::kExcluded)
      note = "input to histogram_fraction has NaN observations, which are excluded from all fractions";
    if (note != nullptr) context_.inform(note + name_of(labels), position_);
    return estimate.value;
  }

  /// Where names are taken away at once, the original does not know them here.
  std::string name_of(const Labels& labels) const {
    const std::string_view name = labels.get(kMetricName);
    if (!context_.delayed_name_removal || name.empty()) return "";
    return " for metric name " + quote(name);
  }

  QueryContext& context_;
  const Position position_;
  const size_t steps_;
  std::vector<Histogram> histograms_;
  std::vector<Bucket> buckets_;  // of the classic histogram at work
};

}  // namespace

Result<Vector> Evaluator::histogram_call(const CallNode& node) {
  const FunctionId id = node.function->id;
  const bool several = id == FunctionId::kHistogramQuantiles;
  const size_t operand_at = several ? 0 : node.arguments.size() - 1;
  const Node& operand = *node.arguments[operand_at];
  auto input = vector(operand);
  if (!input) return input;
  HistogramCall call(context_, operand, steps_);
  call.gather(input->series);

  Vector out;
  if (id == FunctionId::kHistogramFraction) {
    auto lower = scalar(*node.arguments[0]);
    if (!lower) return std::move(lower).error();
    auto upper = scalar(*node.arguments[1]);
    if (!upper) return std::move(upper).error();
    call.answer({true, std::move(*lower), std::move(*upper), "", ""}, out.series);
    return finish(std::move(out));
  }
  const std::string label = several ? static_cast<const StringNode&>(unwrap(*node.arguments[1])).value : "";
  if (several && (label.empty() || !is_utf8(label))) return Error(TARSIER_UNSUPPORTED, "invalid label name " + quote(label));
  const size_t first = several ? 2 : 0;
  const size_t last = several ? node.arguments.size() : 1;
  for (size_t i = first; i < last; ++i) {
    auto q = scalar(*node.arguments[i]);
    if (!q) return std::move(q).error();
    for (const double one : *q)
      if (std::isnan(one) || one < 0 || one > 1) check_quantile(one, *node.arguments[i]);
    if (!several) {
      call.answer({false, std::move(*q), {}, "", ""}, out.series);
      continue;
    }
    std::map<std::string, Column> by_text;  // a quantile may change from step to step; each has its own series
    for (size_t step = 0; step < steps_; ++step)
      by_text.try_emplace(write_openmetrics((*q)[step]), steps_, kNothing).first->second[step] = (*q)[step];
    for (auto& [text, column] : by_text) call.answer({false, std::move(column), {}, label, text}, out.series);
  }
  if (auto merged = merge_equal(out.series, kSameLabels); !merged) return std::move(merged).error();
  return finish(std::move(out));
}

}  // namespace tarsier::promql
