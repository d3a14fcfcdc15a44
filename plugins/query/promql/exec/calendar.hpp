// The fields of a moment in UTC, for day_of_month(), hour() and their like.
#pragma once

#include "plugins/lib/promql/functions.hpp"

namespace tarsier::promql {

/// `seconds` since 1970; NaN when it is not a time.
double calendar_field(FunctionId field, double seconds);

}  // namespace tarsier::promql
