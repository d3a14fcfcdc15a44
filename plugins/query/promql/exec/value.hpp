// What an expression evaluates to: for each series one column of values, one value a step. A step without a value holds kNothing,
// which is the bit pattern of the staleness marker: it never is a result, so no second array is needed to say what is there. Of a
// series that is there for some of the steps only, a column keeps the stretch from its first to its last.
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
  Column values;           // of the steps from `first` up to past(); there is nothing at others
  HistogramColumn histograms{};
  size_t first = 0;

  size_t past() const noexcept { return first + values.size(); }
  bool covers(size_t step) const noexcept { return step - first < values.size(); }
  double at(size_t step) const noexcept {
    if (!covers(step)) return kNothing;  // in a conditional expression with an lvalue, g++ 12 makes another NaN of it
    return values[step - first];
  }
  const FloatHistogram* histogram_at(size_t step) const noexcept {
    return histograms.empty() || !covers(step) ? nullptr : histograms[step - first].get();
  }
  /// Of a step that has one.
  const HistogramRef& histogram_of(size_t step) const noexcept { return histograms[step - first]; }
  bool present_at(size_t step) const noexcept { return is_present(at(step)) || histogram_at(step) != nullptr; }

  void set(size_t step, double value) {
    if (covers(step)) {
      values[step - first] = value;
    } else if (step == past() && !values.empty() && histograms.empty()) {
      values.push_back(value);
    } else {
      cover(step);
      values[step - first] = value;
    }
  }
  void set(size_t step, HistogramRef histogram) {
    cover(step);
    if (histograms.empty()) histograms.resize(values.size());
    values[step - first] = kNothing;
    histograms[step - first] = std::move(histogram);
  }
  void clear(size_t step) {
    if (!covers(step)) return;
    values[step - first] = kNothing;
    if (!histograms.empty()) histograms[step - first].reset();
  }
  /// Widens the stretch up to a step.
  void cover(size_t step);
  /// Gives back what is kept of steps at both ends that have nothing, where that is worth a copy.
  void trim();
  bool empty() const noexcept {
    return std::all_of(values.begin(), values.end(), is_absent) &&
           std::all_of(histograms.begin(), histograms.end(), [](const HistogramRef& one) { return one == nullptr; });
  }
};

/// What a series itself weighs against a query's limit, for what makes many rows of few series.
inline constexpr uint64_t kRowSamples = sizeof(Series) / 16;

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

/// What a series weighs against a query's limit.
inline uint64_t samples_of(const Series& series) noexcept { return series.values.size() + samples_of(series.histograms); }
inline uint64_t samples_of(const RawSeries& series) noexcept { return series.values.size() + samples_of(series.histograms); }
template <class T>
uint64_t samples_of(const std::vector<T>& series) noexcept {
  uint64_t samples = 0;
  for (const T& one : series) samples += samples_of(one);
  return samples;
}

}  // namespace tarsier::promql
