// QueryRange: what of a series a query is about.
#pragma once

#include <cstdint>

namespace tarsier::samples {

struct QueryRange {
  int64_t start = INT64_MIN;
  int64_t end = INT64_MAX;
  int64_t coarsest_ns = 0;   // a tier up to this interval may answer in place of a finer one
  bool newest_only = false;  // of each series the newest sample in the range does
};

}  // namespace tarsier::samples
