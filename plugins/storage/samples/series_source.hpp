// SeriesSource: series with their samples, one after the other: what a partition is written from, be it chunks of the head or other
// partitions.
#pragma once

#include "labels.hpp"
#include "sample.hpp"
#include "tarsier/result.hpp"

namespace tarsier::samples {

class SeriesSource {
 public:
  virtual ~SeriesSource() = default;
  /// Steps to the next series; false at the end. Series come in order of their labels (before()), each once.
  virtual Result<bool> next() = 0;
  /// Of the current series; valid until next().
  virtual Labels labels() const = 0;
  /// Appends the samples of the current series, ascending and unique. None is allowed: the series is left out.
  virtual Result<void> samples(Columns& out) = 0;
};

/// The order of series in a partition: by names and values, pair by pair.
inline bool before(Labels a, Labels b) noexcept { return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end()); }

}  // namespace tarsier::samples
