// sum() and avg() of native histograms, group by group and step by step, beside those of numbers.
#include "plugins/query/promql/exec/aggregate.hpp"
#include "plugins/query/promql/exec/histogram_notes.hpp"
#include "plugins/query/promql/histogram/sums.hpp"

namespace tarsier::promql {
namespace {

bool any_histograms(const Vector& input) {
  return std::any_of(input.series.begin(), input.series.end(), [](const Series& series) { return !series.histograms.empty(); });
}

template <class Accumulator>
class HistogramFold {
 public:
  HistogramFold(const AggregationNode& node, QueryContext& context) : notes_(context, node.operand->position) {}

  /// `members`: the series of one group that have histograms. `out` has the result of the group's numbers.
  void run(const std::vector<const Series*>& members, size_t step, Series& out) const {
    Accumulator total;
    bool fits = true;
    for (const Series* member : members) {
      const FloatHistogram* const histogram = member->histogram_at(step);
      if (histogram == nullptr || !fits) continue;
      fits = total.add(*histogram);
      if (!fits) notes_.mixed_schemas(member->labels);
    }
    if (!total.any()) return;
    if (is_present(out.at(step))) {
      notes_.mixed_types_aggregated();
      return out.clear(step);
    }
    if (total.reconciled()) notes_.reconciled("aggregation");
    if (!fits) return;
    if (total.conflict()) notes_.collision("aggregation");
    out.set(step, std::make_shared<FloatHistogram>(total.value()));
  }

 private:
  const HistogramNotes notes_;
};

template <class Accumulator>
Result<void> fold_groups(const AggregationNode& node, const Groups& groups, const Vector& input, size_t steps,
                         QueryContext& context, Vector& out) {
  std::vector<std::vector<const Series*>> members(groups.size());
  for (size_t i = 0; i < input.series.size(); ++i)
    if (!input.series[i].histograms.empty()) members[groups.of(i)].push_back(&input.series[i]);
  const HistogramFold<Accumulator> fold(node, context);
  for (size_t group = 0; group < groups.size(); ++group) {
    if (members[group].empty()) continue;
    for (size_t step = 0; step < steps; ++step) {
      if (auto go_on = context.check(); !go_on) return go_on;
      fold.run(members[group], step, out.series[group]);
    }
  }
  return {};
}

}  // namespace

Result<void> fold_histograms(const AggregationNode& node, const Groups& groups, const Vector& input, size_t steps,
                             QueryContext& context, Vector& out) {
  if (!any_histograms(input)) return {};
  return node.op == Token::kSum ? fold_groups<HistogramSum>(node, groups, input, steps, context, out)
                                : fold_groups<HistogramMean>(node, groups, input, steps, context, out);
}

void leave_out_histograms(const AggregationNode& node, Vector& input, QueryContext& context) {
  if (!any_histograms(input)) return;
  const bool ranks = node.op == Token::kTopk || node.op == Token::kBottomk;
  HistogramNotes(context, ranks ? node.position : node.operand->position).ignored_in(spelling(node.op));
  for (Series& series : input.series) series.histograms.clear();
}

}  // namespace tarsier::promql
