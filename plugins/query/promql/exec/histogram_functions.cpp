// histogram_quantile(), histogram_quantiles() and histogram_fraction(), over classic histograms, whose buckets are series, and over
// native ones.
#include <algorithm>
#include <cmath>
#include <map>
#include <optional>

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

  /// The steps at which there may be something of it: up to the second.
  std::pair<size_t, size_t> stretch() const {
    size_t from = native != nullptr ? native->first : SIZE_MAX;
    size_t past = native != nullptr ? native->past() : 0;
    for (const auto& [upper, counts] : buckets) {
      from = std::min(from, counts->first);
      past = std::max(past, counts->past());
    }
    return {std::min(from, past), past};
  }
};

/// What is asked of every histogram.
struct Question {
  bool fraction;  // between two bounds; otherwise a quantile
  const Scalar &first, &second;
  std::optional<double> only{};        // asked where `first` is this
  std::string label{}, label_value{};  // told apart by it; "": by nothing

  bool asked_at(size_t step) const {
    if (!only || (std::isnan(first[step]) && std::isnan(*only))) return true;
    return std::bit_cast<uint64_t>(first[step]) == std::bit_cast<uint64_t>(*only);  // 0 is not -0
  }
};

class HistogramCall {
 public:
  HistogramCall(QueryContext& context, const Node& operand) : context_(context), position_(operand.position), growth_(context) {}

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

  Result<void> answer(const Question& question, std::vector<Series>& out) {
    for (const Histogram& histogram : histograms_) {
      if (auto go_on = context_.check(); !go_on) return go_on;
      const auto [from, past] = histogram.stretch();
      Series made{histogram.labels, true, {}};
      made.first = from;
      made.values.reserve(past - from);
      bool any = false;
      for (size_t step = from; step < past; ++step) {
        const double value = at(question, histogram, step);
        made.set(step, value);
        any = any || is_present(value);
      }
      if (!any) continue;
      if (!question.label.empty()) {
        LabelsBuilder builder(made.labels);
        builder.set(question.label, question.label_value);
        made.labels = builder.build();
      }
      made.trim();
      if (auto go_on = growth_.add(made.values.size() + kRowSamples); !go_on) return go_on;
      out.push_back(std::move(made));
    }
    return {};
  }

 private:
  Histogram& group(LabelIndex& index, const Labels& labels) {
    const auto [number, is_new] = index.add(labels);
    if (is_new) histograms_.push_back({labels, {}});
    return histograms_[number];
  }

  double at(const Question& question, const Histogram& histogram, size_t step) {
    if (!question.asked_at(step)) return kNothing;
    const FloatHistogram* const native = histogram.native != nullptr ? histogram.native->histogram_at(step) : nullptr;
    buckets_.clear();
    for (const auto& [upper, counts] : histogram.buckets)
      if (const double count = counts->at(step); is_present(count)) buckets_.push_back({upper, count});
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
  Growth growth_;  // of what was answered
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
  std::optional<HistogramCall> call(std::in_place, context_, operand);
  call->gather(input->series);

  Vector out;
  if (id == FunctionId::kHistogramFraction) {
    auto lower = scalar(*node.arguments[0]);
    if (!lower) return std::move(lower).error();
    auto upper = scalar(*node.arguments[1]);
    if (!upper) return std::move(upper).error();
    if (auto done = call->answer({true, *lower, *upper}, out.series); !done) return std::move(done).error();
    call.reset();  // its answers are counted as a whole from here on
    return finish(std::move(out));
  }
  const std::string label = several ? static_cast<const StringNode&>(unwrap(*node.arguments[1])).value : "";
  if (several && (label.empty() || !is_utf8(label))) return Error(TARSIER_UNSUPPORTED, "invalid label name " + quote(label));
  const size_t first = several ? 2 : 0;
  const size_t last = several ? node.arguments.size() : 1;
  for (size_t i = first; i < last; ++i) {
    auto q = scalar(*node.arguments[i]);
    if (!q) return std::move(q).error();
    for (const double one : q->values())
      if (std::isnan(one) || one < 0 || one > 1) check_quantile(one, *node.arguments[i]);
    if (!several) {
      if (auto done = call->answer({false, *q, *q}, out.series); !done) return std::move(done).error();
      continue;
    }
    std::map<std::string, double> by_text;  // a quantile may change from step to step; each has its own series
    for (const double one : q->values()) by_text.try_emplace(write_openmetrics(one), one);
    for (const auto& [text, one] : by_text) {
      if (auto done = call->answer({false, *q, *q, one, label, text}, out.series); !done) return std::move(done).error();
    }
  }
  call.reset();
  if (auto merged = merge_equal(out.series, kSameLabels); !merged) return std::move(merged).error();
  return finish(std::move(out));
}

}  // namespace tarsier::promql
