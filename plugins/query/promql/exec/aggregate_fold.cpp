// Aggregations that make one value of many: sum, avg, min, max, count, group, stddev, stdvar, quantile, count_values.
#include <algorithm>
#include <map>

#include "plugins/lib/promql/text.hpp"
#include "plugins/query/promql/exec/aggregate.hpp"
#include "plugins/query/promql/exec/folding.hpp"
#include "plugins/query/promql/exec/numeric.hpp"
#include "plugins/query/promql/exec/sweep.hpp"
#include "plugins/query/promql/histogram/text.hpp"

namespace tarsier::promql {

Result<Vector> fold(Token op, const Groups& groups, const Vector& input, size_t steps, QueryContext& context) {
  const auto folding = make_folding(op, steps);
  Growth growth(context);
  for (size_t group = 0; group < groups.size(); ++group) folding->add_group();
  for (size_t i = 0; i < input.series.size(); ++i) {
    const Series& series = input.series[i];
    const size_t cells = folding->size();
    folding->add(groups.of(i), series.values, series.first);
    folding->add(groups.of(i), series.histograms, series.first);
    if (auto go_on = growth.add(folding->size() - cells); !go_on) return std::move(go_on).error();
  }
  Vector out;
  for (size_t group = 0; group < groups.size(); ++group) {
    out.series.push_back({groups.labels(group), groups.drop_name(group), {}});
    folding->result(group, out.series.back());
  }
  return out;
}

Result<Vector> group_quantile(const Groups& groups, const Scalar& q, const Vector& input, size_t steps, QueryContext& context) {
  Vector out;
  for (size_t group = 0; group < groups.size(); ++group) out.series.push_back({groups.labels(group), groups.drop_name(group), {}});
  Growth growth(context);
  Sweep sweep(input.series);
  std::vector<std::vector<double>> values(groups.size());
  for (size_t step = 0; step < steps; ++step) {
    if (auto go_on = context.check(); !go_on) return std::move(go_on).error();
    const std::span<const uint32_t> here = sweep.at(step);
    for (const uint32_t i : here)
      if (const double value = input.series[i].at(step); is_present(value)) values[groups.of(i)].push_back(value);
    for (const uint32_t i : here) {
      std::vector<double>& of_group = values[groups.of(i)];
      if (of_group.empty()) continue;  // done with its first series
      Series& into = out.series[groups.of(i)];
      const size_t before = into.values.size();
      into.set(step, quantile(q[step], of_group));
      of_group.clear();
      if (auto go_on = growth.add(into.values.size() - before); !go_on) return std::move(go_on).error();
    }
  }
  return out;
}

Result<Vector> count_values(const AggregationNode& node, const Groups& groups, const Vector& input, QueryContext& context) {
  Node& parameter = unwrap(*node.parameter);
  const std::string& label = static_cast<const StringNode&>(parameter).value;
  if (label.empty() || !is_utf8(label)) return Error(TARSIER_UNSUPPORTED, "invalid label name " + quote(label));
  Vector out;
  std::map<std::pair<uint32_t, std::string>, uint32_t> found;
  LabelIndex index;        // the label may overwrite one that tells groups apart
  Growth growth(context);  // there may be as many values as samples
  for (size_t i = 0; i < input.series.size(); ++i) {
    const Series& series = input.series[i];
    const uint32_t group = groups.of(i);
    if (auto go_on = context.check(); !go_on) return std::move(go_on).error();
    for (size_t step = series.first; step < series.past(); ++step) {
      if (!series.present_at(step)) continue;
      const FloatHistogram* const histogram = series.histogram_at(step);
      const std::string value = histogram != nullptr ? write_histogram(*histogram) : write_number(series.at(step));
      const auto [entry, is_new] = found.try_emplace({group, value});
      if (is_new) {
        LabelsBuilder builder(groups.labels(group), &context);
        builder.set(label, value);
        const auto [number, is_new_set] = index.add(builder.build());
        entry->second = number;
        if (is_new_set) out.series.push_back({index.first(number), groups.drop_name(group) && label != kMetricName, {}});
      }
      Series& into = out.series[entry->second];
      const size_t before = into.values.size();
      const double count = into.at(step);
      into.set(step, is_absent(count) ? 1 : count + 1);
      const uint64_t row = is_new ? kRowSamples + value.size() / kBytesOfSample : 0;
      if (auto go_on = growth.add(into.values.size() - before + row); !go_on) return std::move(go_on).error();
    }
  }
  return out;
}

}  // namespace tarsier::promql
