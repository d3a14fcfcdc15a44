// Sample and Columns: one observation, and many of one series as columns. Values are compared and kept by their bits: NaN payloads
// (the staleness marker is one) and the sign of zero survive.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <limits>
#include <numeric>
#include <span>
#include <vector>

namespace tarsier::samples {

/// What several samples of a counter or gauge come to, where only that is kept; their last one is the sample that has it.
struct Summary {
  double count = 1;
  double sum = 0;
  double min = 0;
  double max = 0;
  double drop = 0;  // what a counter lost at resets since the sample before; NaN: that one is not known (yet)

  /// Of a sample that stands for itself.
  static Summary of(double value) noexcept { return {1, value, value, value, std::numeric_limits<double>::quiet_NaN()}; }
  /// Of what is no number: a histogram, a staleness marker.
  static Summary none() noexcept {
    constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
    return {0, 0, kNaN, kNaN, 0};
  }
};

struct Sample {
  int64_t time = 0;  // ns
  double value = 0;
  int64_t start = 0;                        // ns, 0: none
  std::span<const uint8_t> histogram = {};  // empty: a float; not owned
  const Summary* summary = nullptr;         // null: it stands for itself; not owned

  bool same_value(const Sample& other) const noexcept {
    return std::bit_cast<uint64_t>(value) == std::bit_cast<uint64_t>(other.value) &&
           std::equal(histogram.begin(), histogram.end(), other.histogram.begin(), other.histogram.end());
  }
};

/// The staleness marker: the series ended.
inline constexpr uint64_t kStaleBits = 0x7ff0000000000002ULL;
inline bool is_stale(double value) noexcept { return std::bit_cast<uint64_t>(value) == kStaleBits; }

/// Columns grow by append; `starts` and the histogram columns stay empty until a sample needs them. Samples behind the end of
/// `summaries` stand for themselves.
struct Columns {
  std::vector<int64_t> times;
  std::vector<double> values;
  std::vector<int64_t> starts;
  std::vector<uint32_t> histogram_offsets;
  std::vector<uint8_t> histogram_bytes;
  std::vector<Summary> summaries;

  size_t size() const noexcept { return times.size(); }
  bool empty() const noexcept { return times.empty(); }
  void clear() noexcept {
    times.clear(), values.clear(), starts.clear(), histogram_offsets.clear(), histogram_bytes.clear(), summaries.clear();
  }
  void reserve(size_t rows) { times.reserve(rows), values.reserve(rows); }
  /// Takes away all but the first `rows`.
  void truncate(size_t rows) {
    times.resize(rows), values.resize(rows);
    if (!starts.empty()) starts.resize(rows);
    if (!histogram_offsets.empty()) histogram_offsets.resize(rows + 1), histogram_bytes.resize(histogram_offsets.back());
    if (summaries.size() > rows) summaries.resize(rows);
  }
  bool is_histogram(size_t row) const noexcept {
    return !histogram_offsets.empty() && histogram_offsets[row + 1] != histogram_offsets[row];
  }
  /// A summary for each of the first `rows` samples.
  void fill_summaries(size_t rows) {
    for (size_t row = summaries.size(); row < rows; ++row)
      summaries.push_back(is_histogram(row) || is_stale(values[row]) ? Summary::none() : Summary::of(values[row]));
  }

  void append(const Sample& sample) {
    times.push_back(sample.time);
    values.push_back(sample.value);
    if (sample.start != 0 || !starts.empty()) {
      starts.resize(times.size() - 1);
      starts.push_back(sample.start);
    }
    append_histogram(sample);
    if (sample.summary == nullptr) return;
    fill_summaries(times.size() - 1);
    summaries.push_back(*sample.summary);
  }
  /// The rows [first, past) of the other.
  void append(const Columns& other, size_t first, size_t past) {
    const bool plain = starts.empty() && histogram_offsets.empty() && summaries.empty() && other.starts.empty() &&
                       other.histogram_offsets.empty() && other.summaries.empty();
    if (!plain) {
      for (size_t row = first; row < past; ++row) append(other.at(row));
      return;
    }
    const auto from = static_cast<std::ptrdiff_t>(first), to = static_cast<std::ptrdiff_t>(past);
    times.insert(times.end(), other.times.begin() + from, other.times.begin() + to);
    values.insert(values.end(), other.values.begin() + from, other.values.begin() + to);
  }
  void append_histogram(const Sample& sample) {
    if (sample.histogram.empty() && histogram_offsets.empty()) return;
    if (histogram_offsets.empty()) histogram_offsets.assign(times.size(), 0);
    histogram_bytes.insert(histogram_bytes.end(), sample.histogram.begin(), sample.histogram.end());
    histogram_offsets.push_back(static_cast<uint32_t>(histogram_bytes.size()));
  }

  Sample at(size_t row) const noexcept {
    Sample sample{.time = times[row], .value = values[row]};
    if (!starts.empty()) sample.start = starts[row];
    if (!histogram_offsets.empty()) {
      sample.histogram =
          std::span(histogram_bytes).subspan(histogram_offsets[row], histogram_offsets[row + 1] - histogram_offsets[row]);
    }
    if (row < summaries.size()) sample.summary = &summaries[row];
    return sample;
  }

  /// Sorts by time and keeps the first of equal times. Nothing to do, and cheap, when they ascend already.
  void normalise() {
    if (std::adjacent_find(times.begin(), times.end(), std::greater_equal<>{}) == times.end()) return;
    std::vector<size_t> order(size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return times[a] < times[b]; });
    Columns sorted;
    for (const size_t row : order) {
      if (sorted.empty() || sorted.times.back() != times[row]) sorted.append(at(row));
    }
    *this = std::move(sorted);
  }
};

}  // namespace tarsier::samples
