// What an expression evaluates to: for each series one column of values, one value a step. A step without a value holds kNothing,
// which is the bit pattern of the staleness marker: it never is a result, so no second array is needed to say what is there.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <string>
#include <vector>

#include "plugins/query/promql/exec/labels.hpp"
#include "plugins/query/promql/exec/query_context.hpp"
#include "plugins/query/promql/histogram/float_histogram.hpp"

namespace tarsier::promql {

inline constexpr uint64_t kStaleBits = 0x7ff0000000000002ULL;
inline constexpr double kNothing = std::bit_cast<double>(kStaleBits);
constexpr bool is_absent(double value) noexcept { return std::bit_cast<uint64_t>(value) == kStaleBits; }
constexpr bool is_present(double value) noexcept { return !is_absent(value); }

using Column = std::vector<double>;
/// Empty when the series has none; otherwise one entry a step, null at steps without a histogram.
using HistogramColumn = std::vector<HistogramRef>;

/// At a step there is a number, a histogram or nothing: where there is a histogram, `values` holds kNothing. What knows numbers
/// only leaves the histograms out by dropping their column.
struct Series {
  Labels labels;
  bool drop_name = false;  // the name is taken away at the end of the query
  Column values;
  HistogramColumn histograms{};

  const FloatHistogram* histogram_at(size_t step) const noexcept { return histograms.empty() ? nullptr : histograms[step].get(); }
  bool present_at(size_t step) const noexcept { return is_present(values[step]) || histogram_at(step) != nullptr; }
  void set(size_t step, HistogramRef histogram) {
    if (histograms.empty()) histograms.resize(values.size());
    values[step] = kNothing;
    histograms[step] = std::move(histogram);
  }
  void clear(size_t step) {
    values[step] = kNothing;
    if (!histograms.empty()) histograms[step].reset();
  }
  bool empty() const noexcept {
    return std::all_of(values.begin(), values.end(), is_absent) &&
           std::all_of(histograms.begin(), histograms.end(), [](const HistogramRef& one) { return one == nullptr; });
  }
};

struct Vector {
  std::vector<Series> series;
  Held held;  // its samples count against the query's limit while it lives
};

/// A range vector as a result: the samples as they are stored.
struct RawSeries {
  Labels labels;
  bool drop_name = false;
  std::vector<int64_t> times_ns;
  Column values;
  HistogramColumn histograms{};
};

/// Replaces every histogram by a copy that `change` was applied to.
template <class Change>
void change_histograms(HistogramColumn& column, Change change) {
  for (HistogramRef& one : column) {
    if (one == nullptr) continue;
    auto changed = std::make_shared<FloatHistogram>(*one);
    change(*changed);
    one = std::move(changed);
  }
}

/// What histograms weigh against a query's limit; one that stays the same from step to step is held once.
inline uint64_t samples_of(const HistogramColumn& column) noexcept {
  uint64_t samples = 0;
  const FloatHistogram* before = nullptr;
  for (const HistogramRef& one : column) {
    if (one != nullptr && one.get() != before) samples += samples_of(*one);
    before = one.get();
  }
  return samples;
}

}  // namespace tarsier::promql
