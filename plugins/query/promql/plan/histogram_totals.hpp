// Which selectors need counts and sums of native histograms only.
#pragma once

#include "plugins/lib/promql/ast.hpp"

namespace tarsier::promql {

/// Marks the selectors below histogram_count(), histogram_sum() and histogram_avg(), unless something above them needs buckets.
/// Such selectors compare samples themselves to find counter resets, and leave the buckets behind.
void mark_histogram_totals(Node& tree);

}  // namespace tarsier::promql
