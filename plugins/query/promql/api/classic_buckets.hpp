// The buckets of a native histogram with bounds of its own, as classic ones: each counts what is at its bound or below.
#pragma once

#include <cstdint>
#include <vector>

#include "tarsier/histogram.hpp"

namespace tarsier::promql {

/// One count for each bound; the count of the histogram is that of the last bucket, "+Inf".
inline std::vector<double> classic_counts(const NativeHistogram& histogram) {
  std::vector<double> counts(histogram.custom_bounds.size(), 0);
  int64_t index = 0;
  size_t next = 0;
  for (const BucketSpan& span : histogram.positive_spans) {
    index += span.offset;
    for (uint32_t i = 0; i < span.length; ++i, ++index, ++next)
      if (index >= 0 && static_cast<size_t>(index) < counts.size())
        counts[static_cast<size_t>(index)] = histogram.positive_buckets[next];
  }
  double below = 0;
  for (double& count : counts) count = below += count;
  return counts;
}

}  // namespace tarsier::promql
