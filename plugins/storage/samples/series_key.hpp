// SeriesKey: the order of series in what a flush writes: those of one metric side by side, since a query asks for one metric of
// many targets far more often than for all metrics of one.
#pragma once

#include <compare>
#include <cstdint>
#include <span>
#include <vector>

namespace tarsier::samples {

struct SeriesKey {
  uint32_t metric = 0;  // of the hash of the metric's name; metrics that share it only lie side by side
  uint64_t ref = 0;     // the series' number

  friend auto operator<=>(const SeriesKey&, const SeriesKey&) = default;
};

/// Appends keys, which ascend, as differences: of each metric it, how many series, and their numbers.
void encode_keys(std::span<const SeriesKey> keys, std::vector<uint8_t>& out);
/// Empties `out` first. False when they are malformed or do not ascend.
bool decode_keys(std::span<const uint8_t> bytes, std::vector<SeriesKey>& out);

}  // namespace tarsier::samples
