// Series with native histograms among their samples, or with start timestamps that count: sample by sample. Series of plain numbers
// never come here.
#pragma once

#include <cstdint>
#include <vector>

#include "plugins/query/promql/exec/value.hpp"
#include "plugins/query/promql/exec/window.hpp"
#include "tarsier/service/samples_store.h"

namespace tarsier::promql {

inline bool has_histograms(const tarsier_series& series) noexcept { return series.histogram_offsets != nullptr; }

/// What of the histograms a selector hands out.
enum class HistogramDetail : uint8_t {
  kAll,
  kTotals,  // count and sum, with what the buckets say of counter resets
};

/// Reads the histograms of a series, each when it is asked for.
class HistogramRows {
 public:
  /// `after_ns`: samples up to it are there for comparison only. They may tell that a counter goes on, but not that it was reset:
  /// that was before what is asked for.
  HistogramRows(const tarsier_series& series, HistogramDetail detail, int64_t after_ns = INT64_MIN)
      : series_(series), detail_(detail), after_ns_(after_ns) {}

  bool is_histogram(size_t row) const noexcept {
    return series_.histogram_offsets != nullptr && series_.histogram_offsets[row] != series_.histogram_offsets[row + 1];
  }
  /// The value of a histogram's row is its sum, so one look tells staleness of both kinds.
  bool is_stale(size_t row) const noexcept { return is_absent(series_.values[row]); }
  Result<HistogramRef> at(size_t row);

 private:
  Result<void> decode(size_t row, FloatHistogram& out);
  /// Compares with the histogram before it, where the sample itself does not know.
  Result<void> find_reset(size_t row, FloatHistogram& histogram);

  const tarsier_series& series_;
  const HistogramDetail detail_;
  const int64_t after_ns_;
  NativeHistogram native_;  // kept for its memory
  size_t kept_row_ = SIZE_MAX;
  FloatHistogram kept_;  // with its buckets, for the comparison with the next
};

struct MixedSample {
  int64_t time_ns = 0;
  int64_t start_ns = 0;  // 0: not known
  double value = kNothing;
  HistogramRef histogram;
  bool reset = false;  // find_resets(): a counter was reset since the sample before
};

/// Whether a counter was reset between two samples: by their values, or by what they say of when it began.
bool reset_between(const MixedSample& before, const MixedSample& after);

/// The samples of a series without staleness markers, and the plain numbers among them apart.
struct MixedSeries {
  std::vector<MixedSample> samples;
  std::vector<size_t> numbers_before;  // of each sample, and of the end
  std::vector<int64_t> number_times;
  Column numbers;

  void add(MixedSample sample);
  void finish() { numbers_before.push_back(numbers.size()); }
  /// Once for all windows: samples are compared with their neighbours whatever window they are in.
  void find_resets();
  /// What it weighs against the query's limit.
  uint64_t weight() const noexcept;
};

/// The samples after a time. `starts`: with start timestamps, where the store has them.
Result<MixedSeries> read_mixed(const tarsier_series& series, HistogramDetail detail, bool starts, int64_t after_ns = INT64_MIN);
/// The steps of an expression as samples. Their hints say nothing: steps lie further apart than samples, or nearer.
MixedSeries steps_as_samples(const Series& series, const Grid& grid);

/// The newest sample of each step's lookback window; a staleness marker means none. Returns whether any step has one.
Result<bool> look_back_mixed(const WindowPlan& plan, const tarsier_series& series, HistogramDetail detail, Series& out);

/// As that, with the start timestamps of the samples, in seconds, as values; 0 where it is not known.
bool look_back_starts(const WindowPlan& plan, const tarsier_series& series, Column& out);

/// The samples as they are stored, without staleness markers.
Result<RawSeries> raw_mixed(const tarsier_series& series);

}  // namespace tarsier::promql
