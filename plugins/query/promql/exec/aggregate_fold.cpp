// Aggregations that make one value of many: sum, avg, min, max, count, group, stddev, stdvar, quantile, count_values.
#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "plugins/lib/promql/text.hpp"
#include "plugins/query/promql/exec/aggregate.hpp"
#include "plugins/query/promql/exec/numeric.hpp"
#include "plugins/query/promql/histogram/text.hpp"

namespace tarsier::promql {
namespace {

/// Folds every column into the accumulators of its group, and finishes them.
template <class Accumulator>
Vector fold_into(const Groups& groups, const Vector& input, size_t steps) {
  std::vector<Accumulator> cells(groups.size() * steps);
  for (size_t i = 0; i < input.series.size(); ++i) {
    Accumulator* const row = cells.data() + groups.of(i) * steps;
    const Column& values = input.series[i].values;
    for (size_t step = 0; step < steps; ++step)
      if (is_present(values[step])) row[step].add(values[step]);
    if constexpr (Accumulator::kTakesHistograms) {
      for (size_t step = 0; step < input.series[i].histograms.size(); ++step)
        if (input.series[i].histograms[step] != nullptr) row[step].add(0);
    }
  }
  Vector out;
  out.series.reserve(groups.size());
  for (size_t group = 0; group < groups.size(); ++group) {
    Series made{groups.labels(group), groups.drop_name(group), Column(steps)};
    for (size_t step = 0; step < steps; ++step) made.values[step] = cells[group * steps + step].result();
    out.series.push_back(std::move(made));
  }
  return out;
}

struct OfNumbers {
  static constexpr bool kTakesHistograms = false;
};
/// What a sample is does not matter, only that it is there.
struct OfAnything {
  static constexpr bool kTakesHistograms = true;
};

struct Sum : OfNumbers {
  KahanSum total;
  bool any = false;
  void add(double value) noexcept {
    if (!any) {
      total.sum = value;  // also keeps the sign of a single -0
      any = true;
    } else {
      total.add(value);
    }
  }
  double result() const noexcept { return any ? total.sum + total.c : kNothing; }
};

struct Average : OfNumbers {
  Mean mean;
  void add(double value) noexcept { mean.add(value); }
  double result() const noexcept { return mean.count > 0 ? mean.value() : kNothing; }
};

struct Count : OfAnything {
  double count = 0;
  void add(double) noexcept { count += 1; }
  double result() const noexcept { return count > 0 ? count : kNothing; }
};

struct Presence : OfAnything {
  bool any = false;
  void add(double) noexcept { any = true; }
  double result() const noexcept { return any ? 1 : kNothing; }
};

template <bool kLargest>
struct Extreme : OfNumbers {
  double value = kNothing;
  void add(double next) noexcept {
    if (is_absent(value) || (kLargest ? value < next : value > next) || std::isnan(value)) value = next;
  }
  double result() const noexcept { return value; }
};

template <bool kRoot>
struct Variance : OfNumbers {
  double count = 0;
  double mean = 0;
  double squares = 0;
  void add(double value) noexcept {
    count += 1;
    if (count == 1) {
      mean = value;
      squares = std::isfinite(value) ? 0 : std::numeric_limits<double>::quiet_NaN();
      return;
    }
    const double delta = value - mean;
    mean += delta / count;
    squares += delta * (value - mean);
  }
  double result() const noexcept { return count == 0 ? kNothing : kRoot ? std::sqrt(squares / count) : squares / count; }
};

}  // namespace

Vector fold(Token op, const Groups& groups, const Vector& input, size_t steps) {
  switch (op) {
    case Token::kSum:
      return fold_into<Sum>(groups, input, steps);
    case Token::kAvg:
      return fold_into<Average>(groups, input, steps);
    case Token::kCount:
      return fold_into<Count>(groups, input, steps);
    case Token::kGroup:
      return fold_into<Presence>(groups, input, steps);
    case Token::kMin:
      return fold_into<Extreme<false>>(groups, input, steps);
    case Token::kMax:
      return fold_into<Extreme<true>>(groups, input, steps);
    case Token::kStddev:
      return fold_into<Variance<true>>(groups, input, steps);
    case Token::kStdvar:
      return fold_into<Variance<false>>(groups, input, steps);
    default:
      bug("fold: not a folding aggregation");
  }
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
