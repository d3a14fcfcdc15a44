// Aggregations that keep some of the series: topk, bottomk, limitk, limit_ratio.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "plugins/lib/promql/text.hpp"
#include "plugins/query/promql/exec/aggregate.hpp"
#include "plugins/query/promql/exec/label_sample.hpp"
#include "plugins/query/promql/exec/sweep.hpp"

namespace tarsier::promql {
namespace {

/// Which of the input survive at which step.
class Survivors {
 public:
  explicit Survivors(const std::vector<Series>& input) {
    size_t entries = 0;
    for (const Series& series : input) {
      begins_.push_back(entries - series.first);
      entries += series.values.size();
    }
    kept_.resize(entries, false);
  }
  /// At a step that the series has in its stretch.
  void keep(size_t series, size_t step) { kept_[begins_[series] + step] = true; }
  Vector apply(Vector input) const {
    for (size_t i = 0; i < input.series.size(); ++i)
      for (size_t step = input.series[i].first; step < input.series[i].past(); ++step)
        if (!kept_[begins_[i] + step]) input.series[i].clear(step);
    return input;
  }

 private:
  std::vector<size_t> begins_;  // where the step 0 of each series would be
  std::vector<bool> kept_;
};

Vector drop_empty(Vector input) {
  std::erase_if(input.series, [](const Series& series) { return series.empty(); });
  return input;
}

/// An instant query shows its winners in order, group by group.
Vector in_order(bool top, const Groups& groups, Vector kept) {
  std::vector<size_t> order(kept.series.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    if (groups.of(a) != groups.of(b)) return groups.of(a) < groups.of(b);
    return is_better(top, kept.series[a].at(0), kept.series[b].at(0));
  });
  Vector out;
  out.held = std::move(kept.held);
  for (const size_t i : order) out.series.push_back(std::move(kept.series[i]));
  return out;
}

}  // namespace

Result<int64_t> whole_count(double k) {
  if (std::isnan(k)) return Error(TARSIER_UNSUPPORTED, "Parameter value is NaN");
  if (k >= 9223372036854775808.0) return Error(TARSIER_UNSUPPORTED, "Scalar value " + write_number(k) + " overflows int64");
  if (k < -9223372036854775808.0) return Error(TARSIER_UNSUPPORTED, "Scalar value " + write_number(k) + " underflows int64");
  return static_cast<int64_t>(k);
}

bool is_better(bool top, double a, double b) noexcept {
  if (std::isnan(a)) return false;
  if (std::isnan(b)) return true;
  return top ? a > b : a < b;
}

Result<Vector> select_extremes(const AggregationNode& node, const Groups& groups, const Scalar& k, size_t steps, Vector input,
                               QueryContext& context) {
  const bool top = node.op == Token::kTopk;
  Survivors survivors(input.series);
  Sweep sweep(input.series);
  std::vector<std::vector<uint32_t>> candidates(groups.size());
  for (size_t step = 0; step < steps; ++step) {
    if (auto go_on = context.check(); !go_on) return std::move(go_on).error();
    auto wanted = whole_count(k[step]);
    if (!wanted) return std::move(wanted).error();
    if (*wanted < 1) continue;
    const std::span<const uint32_t> here = sweep.at(step);
    for (const uint32_t i : here)
      if (is_present(input.series[i].at(step))) candidates[groups.of(i)].push_back(i);
    for (const uint32_t one : here) {
      auto& list = candidates[groups.of(one)];
      if (list.empty()) continue;  // done with its first series
      const auto count = std::min(list.size(), static_cast<size_t>(*wanted));
      const auto first_is_better = [&](uint32_t a, uint32_t b) {
        const double left = input.series[a].at(step);
        const double right = input.series[b].at(step);
        return is_better(top, left, right) || (!is_better(top, right, left) && a < b);
      };
      if (count < list.size())
        std::nth_element(list.begin(), list.begin() + static_cast<std::ptrdiff_t>(count), list.end(), first_is_better);
      for (size_t i = 0; i < count; ++i) survivors.keep(list[i], step);
      list.clear();
    }
  }
  Vector kept = survivors.apply(std::move(input));
  if (context.instant() && steps == 1) kept = in_order(top, groups, std::move(kept));
  return drop_empty(std::move(kept));
}

Result<Vector> limit_count(const AggregationNode&, const Groups& groups, const Scalar& k, size_t steps, Vector input,
                           QueryContext& context) {
  Survivors survivors(input.series);
  Sweep sweep(input.series);
  std::vector<int64_t> taken(groups.size());
  for (size_t step = 0; step < steps; ++step) {
    if (auto go_on = context.check(); !go_on) return std::move(go_on).error();
    auto wanted = whole_count(k[step]);
    if (!wanted) return std::move(wanted).error();
    const std::span<const uint32_t> here = sweep.at(step);
    for (const uint32_t i : here) taken[groups.of(i)] = 0;
    for (const uint32_t i : here)
      if (input.series[i].present_at(step) && taken[groups.of(i)]++ < *wanted) survivors.keep(i, step);
  }
  return drop_empty(survivors.apply(std::move(input)));
}

Result<Vector> limit_ratio(const AggregationNode& node, const Scalar& ratio, size_t steps, Vector input, QueryContext& context) {
  Survivors survivors(input.series);
  Sweep sweep(input.series);
  std::vector<double> places;
  places.reserve(input.series.size());
  for (const Series& series : input.series) places.push_back(place_of(series.labels));
  for (size_t step = 0; step < steps; ++step) {
    if (auto go_on = context.check(); !go_on) return std::move(go_on).error();
    double share = ratio[step];
    if (std::isnan(share)) return Error(TARSIER_UNSUPPORTED, "Ratio value is NaN");
    if (share > 1 || share < -1) {
      const double capped = share > 1 ? 1 : -1;
      context.warn("ratio value should be between -1 and 1, got " + write_number(share) + ", capping to " + write_number(capped),
                   node.parameter->position);
      share = capped;
    }
    for (const uint32_t i : sweep.at(step))
      if (share >= 0 ? places[i] < share : places[i] >= 1 + share) survivors.keep(i, step);
  }
  return drop_empty(survivors.apply(std::move(input)));
}

}  // namespace tarsier::promql
