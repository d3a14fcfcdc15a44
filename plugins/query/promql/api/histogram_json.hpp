// Native histograms as Prometheus' API writes them: {"count":"4","sum":"5","buckets":[[0,"1","2","3"]]}.
#pragma once

#include "plugins/lib/json/json_writer.hpp"
#include "plugins/query/promql/histogram/float_histogram.hpp"

namespace tarsier::promql {

/// Empty buckets are left out. The first number of a bucket says which of its bounds belong to it: 0 the upper, 1 the lower, 2
/// none, 3 both.
void write_histogram(json::Writer& json, const FloatHistogram& histogram);

}  // namespace tarsier::promql
