// Aggregations that make one value of many: sum, avg, min, max, count, group, stddev, stdvar, quantile, count_values.
#include <algorithm>
#include <map>

#include "plugins/lib/promql/text.hpp"
#include "plugins/query/promql/exec/aggregate.hpp"
#include "plugins/query/promql/exec/folding.hpp"
#include "plugins/query/promql/exec/numeric.hpp"
#include "plugins/query/promql/histogram/text.hpp"

namespace tarsier::promql {

Vector fold(Token op, const Groups& groups, const Vector& input, size_t steps) {
  const auto folding = make_folding(op, steps);
  for (size_t group = 0; group < groups.size(); ++group) folding->add_group();
  for (size_t i = 0; i < input.series.size(); ++i) {
    folding->add(groups.of(i), input.series[i].values);
    folding->add(groups.of(i), input.series[i].histograms);
  }
  Vector out;
  for (size_t group = 0; group < groups.size(); ++group)
    out.series.push_back({groups.labels(group), groups.drop_name(group), folding->result(group)});
  return out;
}

Vector group_quantile(const Groups& groups, const Column& q, const Vector& input, size_t steps) {
  Vector out;
  for (size_t group = 0; group < groups.size(); ++group)
    out.series.push_back({groups.labels(group), groups.drop_name(group), Column(steps, kNothing)});
  std::vector<std::vector<double>> values(groups.size());
  for (size_t step = 0; step < steps; ++step) {
    for (auto& list : values) list.clear();
    for (size_t i = 0; i < input.series.size(); ++i)
      if (is_present(input.series[i].values[step])) values[groups.of(i)].push_back(input.series[i].values[step]);
    for (size_t group = 0; group < groups.size(); ++group)
      if (!values[group].empty()) out.series[group].values[step] = quantile(q[step], values[group]);
  }
  return out;
}

Result<Vector> count_values(const AggregationNode& node, const Groups& groups, const Vector& input, size_t steps) {
  Node& parameter = unwrap(*node.parameter);
  const std::string& label = static_cast<const StringNode&>(parameter).value;
  if (label.empty() || !is_utf8(label)) return Error(TARSIER_UNSUPPORTED, "invalid label name " + quote(label));
  Vector out;
  std::map<std::pair<uint32_t, std::string>, uint32_t> found;
  LabelIndex index;  // the label may overwrite one that tells groups apart
  for (size_t i = 0; i < input.series.size(); ++i) {
    const Series& series = input.series[i];
    const uint32_t group = groups.of(i);
    for (size_t step = 0; step < steps; ++step) {
      if (!series.present_at(step)) continue;
      const FloatHistogram* const histogram = series.histogram_at(step);
      const std::string value = histogram != nullptr ? write_histogram(*histogram) : write_number(series.values[step]);
      const auto [entry, is_new] = found.try_emplace({group, value});
      if (is_new) {
        LabelsBuilder builder(groups.labels(group));
        builder.set(label, value);
        const auto [number, is_new_set] = index.add(builder.build());
        entry->second = number;
        if (is_new_set)
          out.series.push_back({index.first(number), groups.drop_name(group) && label != kMetricName, Column(steps, kNothing)});
      }
      double& count = out.series[entry->second].values[step];
      count = is_absent(count) ? 1 : count + 1;
    }
  }
  return out;
}

}  // namespace tarsier::promql
