// The operators </ and >/: what is left of a histogram below or above a value.
#pragma once

#include "plugins/query/promql/histogram/float_histogram.hpp"

namespace tarsier::promql {

enum class TrimSide : uint8_t { kKeepBelow, kKeepAbove };

/// Count and sum become estimates from the buckets that are left; a histogram that loses nothing stays as it is.
void trim(FloatHistogram& histogram, double cut, TrimSide side);

}  // namespace tarsier::promql
